"""Where the service may listen, and its sockets: bound before it is announced.

Apart from the server, so that the scheduler can look without loading it.
"""

import errno
import ipaddress
import socket
from contextlib import closing

from plimsoll.api.tokens import Tokens
from plimsoll.config.engine import Serve
from plimsoll.errors import BadParameter, PlimsollError, TemporaryError, UsageError
from plimsoll.project import Project

BACKLOG = 64
"""So many connections are accepted in one go, before any of them is given its place or refused."""


def address(project: Project, host: str | None, port: int | None) -> tuple[str, int]:
    """Where the service listens: as asked for, else as `[serve]` says; refused where that is not safe."""
    settings = project.config().get("serve", Serve)
    place = host if host is not None else settings.host, port if port is not None else settings.port
    allowed(place[0], settings, tokens=bool(Tokens(project.data / "tokens.json").all()))
    return place


def this_machine(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
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


def bound(host: str, port: int) -> list[socket.socket]:
    """Listening sockets of every address of a host name; of `localhost` both families, where the machine has both.

    Errors: TemporaryError (exit code 75) where the port is in use, UsageError where it may not be bound, BadParameter
    where the address is none of this machine.
    """
    sockets: list[socket.socket] = []
    refused: OSError | None = None
    for family, _, __, ___, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            sockets.append(_listening(family, address))
        except OSError as error:
            refused = error
            if error.errno == errno.EADDRINUSE:
                break
    if refused is not None and (not sockets or refused.errno == errno.EADDRINUSE):
        for one in sockets:
            one.close()
        raise _error(refused, host, port) from refused
    return sockets


def free(host: str, port: int) -> None:
    """Raises what `bound` would raise, and keeps nothing."""
    for one in bound(host, port):
        with closing(one):
            pass


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(BACKLOG)
        made.set_inheritable(False)
    except OSError:
        made.close()
        raise
    return made


def _error(error: OSError, host: str, port: int) -> PlimsollError:
    if error.errno == errno.EADDRINUSE:
        return TemporaryError(f"port {port} of {host} is in use; end what listens there, or choose another: --port")
    if error.errno in (errno.EACCES, errno.EPERM):
        return UsageError(f"port {port} of {host} may not be bound by this user; choose one above 1023: --port")
    return BadParameter("--host", host, why="is not an address of this machine")
