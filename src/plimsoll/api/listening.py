"""The sockets that the service listens on: bound before anybody is told that it serves."""

import errno
import socket
from contextlib import closing

from plimsoll.errors import BadParameter, PlimsollError, TemporaryError, UsageError

BACKLOG = 64
"""So many connections are accepted in one go, before any of them is given its place or refused."""


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
