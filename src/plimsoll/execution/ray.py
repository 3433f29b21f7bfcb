"""Workers of other machines, by an existing Ray cluster: the same functions, the same lake, the same bytes.

This process must run on a node of the cluster; the nodes need this package and the lake under the same path. A token
comes from the environment, as for every program of the cluster (RAY_AUTH_MODE=token, RAY_AUTH_TOKEN or its _PATH).
"""

import signal
import socket
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from plimsoll.errors import TemporaryError, UsageError, shown
from plimsoll.execution.contract import ATTEMPTS, Failed, Item, Work
from plimsoll.execution.ordered_results import in_order
from plimsoll.execution.task import call, name_of

CONNECT_S: Final = 10.0


class Ray:
    """The cluster whose head is at an address such as 10.0.0.5:6379; nothing is started, nothing is stopped."""

    def __init__(self, address: str) -> None:
        self.address = address

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it, in the items' order."""
        listed, name = list(items), name_of(fn)
        if not listed:
            return
        with self._connected() as ray:
            begin = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1, retry_exceptions=False)(call).remote
            yield from in_order(((item, begin(name, *item, 1)) for item in listed), ray.get)

    @contextmanager
    def _connected(self) -> Generator[Any]:
        ray = _library()
        host, _, port = self.address.rpartition(":")
        before = signal.getsignal(signal.SIGTERM)
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()  # Ray itself waits long
            ray.init(address=self.address, log_to_driver=False, logging_level="ERROR")
        except (OSError, RuntimeError, ValueError) as error:
            why = f"no Ray cluster that lets this process in ({shown(error)}); is this a node of it, with its token?"
            raise TemporaryError(f"[execution] address {shown(self.address)}: {why}") from error
        try:
            yield ray
        finally:
            ray.shutdown()
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, before)  # Ray's own would outlive the connection


def _library() -> Any:  # noqa: ANN401 - the library is optional
    try:
        import ray
    except ImportError as error:
        raise UsageError('[execution] backend = "ray" needs the extra: pip install "plimsoll[ray]"') from error
    return ray
