"""Runs the service: loopback unless it is safe to listen further, bounded requests, one line a request in the log."""

import asyncio
import logging
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import uvicorn

from plimsoll.api.app import application
from plimsoll.api.connections import Deadlines, connections, places
from plimsoll.api.documents import answering
from plimsoll.api.listening import BACKLOG, address, bound, this_machine
from plimsoll.api.segments import MOST_MEMORY, Taking, taking_alone
from plimsoll.api.workers import Limits, Workers
from plimsoll.clock import Clock
from plimsoll.config.engine import Serve
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.schedule.status import status

_HEADER_BYTES: Final = 65_536
_STOP_S: Final = 8
_DEADLINES: Final = Deadlines()


def serve(
    project: Project,
    clock: Clock,
    *,
    host: str | None = None,
    port: int | None = None,
    serving: Callable[[str], object] = lambda _: None,
) -> None:
    """Serves until SIGTERM or SIGINT; `serving` is given the URL once connections are accepted."""
    settings = project.config().get("serve", Serve)
    host, port = address(project, host, port)
    sockets = bound(host, port)
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
        local=this_machine(host) and not settings.behind_proxy,
        problems=lambda: status(project, clock).problems,
    )
    of_one = settings.connections if settings.behind_proxy else settings.connections_per_address
    made: Any = connections(places(settings.connections, of_one), _DEADLINES)
    scheme = "https" if settings.tls_certificate else "http"
    serving(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/")
    Listening(
        uvicorn.Config(
            app,
            http=made,
            ws="none",
            loop="plimsoll.api.server:Loop",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=round(_DEADLINES.idle),
            timeout_graceful_shutdown=_STOP_S,
            h11_max_incomplete_event_size=_HEADER_BYTES,
            ssl_certfile=settings.tls_certificate or None,
            ssl_keyfile=settings.tls_key or None,
        )
    ).run(sockets)


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
