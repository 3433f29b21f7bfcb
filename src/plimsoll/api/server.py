"""Runs the service: loopback unless it is safe to listen further, bounded requests, one line a request in the log."""

import ipaddress
import logging
import sys
from dataclasses import replace

import uvicorn

from plimsoll.api.app import application
from plimsoll.api.documents import answering
from plimsoll.api.segments import Taking, taking
from plimsoll.api.tokens import Tokens
from plimsoll.api.workers import Limits, Workers
from plimsoll.clock import Clock
from plimsoll.config.engine import Serve
from plimsoll.errors import BadParameter
from plimsoll.project import Project
from plimsoll.project.runner import context

_AT_ONCE = 256
_IDLE_S = 15
_HEADER_BYTES = 65_536


def serve(project: Project, clock: Clock, *, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = project.config().get("serve", Serve)
    allowed(host, settings, tokens=bool(Tokens(project.data / "tokens.json").all()))
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
    wired = context(project, clock=clock)
    limits = Limits(settings.deadline_s, settings.memory_limit_mib * 1024**2)
    workers = Workers(settings.max_concurrent_documents, answering, str(project.root), limits)
    segments = Taking(Workers(1, taking, str(project.root), limits), clock.now)
    uvicorn.run(
        application(lambda: replace(wired, as_of=clock.now()), settings, project.jobs(), workers, segments),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=_IDLE_S,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
    )


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
