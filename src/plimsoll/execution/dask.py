"""Workers of other machines, by an existing Dask scheduler: the same functions, the same lake, the same bytes.

The workers need this package and the lake under the same path. The scheduler begins an item again whose worker died,
as often as its own settings allow (three times).
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from plimsoll.errors import TemporaryError, UsageError, shown
from plimsoll.execution.contract import Failed, Item, Work
from plimsoll.execution.ordered_results import in_order
from plimsoll.execution.task import call, name_of

CONNECT_S: Final = 10


class Dask:
    """The scheduler at an address such as tcp://10.0.0.5:8786; nothing is started, nothing is stopped."""

    def __init__(self, address: str) -> None:
        self.address = address

    def map(self, fn: Work, items: Iterable[Item]) -> Iterator[tuple[Item, bytes | Failed]]:
        """Each item with what came of it, in the items' order."""
        listed, name = list(items), name_of(fn)
        if not listed:
            return
        with self._client() as client:
            handed = ((item, client.submit(call, name, *item, 1, pure=False)) for item in listed)
            yield from in_order(handed, lambda future: future.result())

    def _client(self) -> Any:  # noqa: ANN401 - the library is optional
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError('[execution] backend = "dask" needs the extra: pip install "plimsoll[dask]"') from error
        try:
            connect: Any = Client
            return connect(self.address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise TemporaryError(
                f"[execution] address {shown(self.address)}: no Dask scheduler ({shown(error)})"
            ) from error
