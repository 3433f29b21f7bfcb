"""Workers of other machines, by an existing Dask scheduler: the same functions, the same lake, the same bytes.

The workers need this package and the lake under the same path. A worker that dies costs its items one more try.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from plimsoll.errors import TryAgain, UsageError, shown
from plimsoll.execution.contract import Failed, Item, Work

CONNECT_S: Final = 10
_ATTEMPTS: Final = 3


class Dask:
    """The scheduler at an address such as tcp://10.0.0.5:8786; nothing is started, nothing is stopped."""

    def __init__(self, address: str) -> None:
        self.address = address

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it, in the items' order."""
        listed = list(items)
        if not listed:
            return
        with self._client() as client:
            futures = [client.submit(fn, *item, pure=False, retries=_ATTEMPTS - 1) for item in listed]
            for item, future in zip(listed, futures, strict=True):
                try:
                    yield item, future.result()
                except Exception as error:  # noqa: BLE001 - whatever a worker raised is that item's result
                    yield item, Failed(f"{type(error).__name__}: {error}")

    def _client(self) -> Any:  # noqa: ANN401 - the library is optional
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError('[execution] on = "dask" needs the extra: pip install "plimsoll[dask]"') from error
        try:
            connect: Any = Client
            return connect(self.address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise TryAgain(f"[execution] address {shown(self.address)}: no Dask scheduler ({shown(error)})") from error
