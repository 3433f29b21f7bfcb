"""Runs the service: loopback unless it is safe to listen further, bounded requests, one line a request in the log."""

import asyncio
import ipaddress
import logging
import socket
import sys
import time
from dataclasses import replace
from typing import Any, Final

import uvicorn

from plimsoll.api.app import application
from plimsoll.api.connections import Deadlines, connections, places
from plimsoll.api.documents import answering
from plimsoll.api.segments import MOST_MEMORY, Taking, taking_alone
from plimsoll.api.tokens import Tokens
from plimsoll.api.workers import Limits, Workers
from plimsoll.clock import Clock
from plimsoll.config.engine import Serve
from plimsoll.errors import BadParameter
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.schedule.status import status

_HEADER_BYTES: Final = 65_536
_BACKLOG: Final = 64
"""So many connections are accepted in one go, before any of them is given its place or refused."""
_STOP_S: Final = 8
_DEADLINES: Final = Deadlines()


def serve(project: Project, clock: Clock, *, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = project.config().get("serve", Serve)
    allowed(host, settings, tokens=bool(Tokens(project.data / "tokens.json").all()))
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
    wired = context(project, clock=clock)
    limits = Limits(settings.deadline_s, settings.memory_limit_mib * 1024**2)
    workers = Workers(settings.max_concurrent_documents, answering, str(project.root), limits)
    careful = replace(limits, memory_bytes=min(limits.memory_bytes, MOST_MEMORY))
    segments = Taking(Workers(1, taking_alone, str(project.root), careful), clock.now)
    app = application(
        lambda: replace(wired, as_of=clock.now()),
        settings,
        project.jobs(),
        workers,
        segments,
        local=_this_machine(host) and not settings.behind_proxy,
        problems=lambda: status(project, clock).problems,
    )
    of_one = settings.connections if settings.behind_proxy else settings.connections_per_address
    made: Any = connections(places(settings.connections, of_one), _DEADLINES)
    Listening(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=made,
            ws="none",
            loop="plimsoll.api.server:Loop",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=round(_DEADLINES.idle),
            timeout_graceful_shutdown=_STOP_S,
            h11_max_incomplete_event_size=_HEADER_BYTES,
            ssl_certfile=settings.tls_certificate or None,
            ssl_keyfile=settings.tls_key or None,
        )
    ).run()


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose TLS handshakes have the deadline of a request's head."""

    async def create_server(self, *arguments: Any, **more: Any) -> asyncio.Server:  # noqa: ANN401 - asyncio's
        """As asyncio's."""
        if more.get("ssl") is not None:
            more["ssl_handshake_timeout"] = _DEADLINES.head
        return await super().create_server(*arguments, **more)


class Listening(uvicorn.Server):
    """uvicorn's server; where the system has nothing left for a connection, one line a minute says so."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        asyncio.get_running_loop().set_exception_handler(SaidOnce())
        await super().startup(sockets)


class SaidOnce:
    """What the event loop complains of: a connection that cannot be accepted once a minute, all else as ever."""

    def __init__(self) -> None:
        self._said = -60.0

    def __call__(self, loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:
        """One complaint; asyncio itself tries again a second later."""
        if "socket" not in about or not isinstance(about.get("exception"), OSError):
            loop.default_exception_handler(about)
        elif time.monotonic() - self._said >= 60:
            self._said = time.monotonic()
            logging.getLogger("plimsoll.connections").warning(
                "no connection can be accepted (%s); raise the limit of open files (ulimit -n) or lower [serve]"
                " connections",
                about["exception"],
            )


def _this_machine(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


def allowed(host: str, settings: Serve, *, tokens: bool) -> None:
    """Refuses to listen beyond this machine without tokens, or without TLS here or in a proxy."""
    if host == "localhost":
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise BadParameter(
            "--host", host, why="is not an address; use 127.0.0.1, ::1 or an address of this machine"
        ) from error
    if address.is_loopback:
        return
    if not tokens:
        raise BadParameter(
            "--host", host, why="is reached from other machines; make a token first: plimsoll token new NAME"
        )
    if not (settings.tls_certificate and settings.tls_key) and not settings.behind_proxy:
        raise BadParameter(
            "--host",
            host,
            why="is reached from other machines; set [serve] tls_certificate and tls_key, or behind_proxy = true",
        )
