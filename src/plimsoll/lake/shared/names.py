"""How many resources and devices each host has named lately: one that invents names is stopped, by name, alone."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from plimsoll.clock import rfc3339
from plimsoll.errors import LakeError, shown
from plimsoll.fleet.resources import names_of_people
from plimsoll.lake.format.files import Files, publish

if TYPE_CHECKING:
    import polars as pl

FOLDER: Final = "names"
"""Of the data folder: what each host has named, and what was refused of it."""
_NAMED: Final = ".msgpack"
_REFUSED: Final = ".json"
_DAY_S: Final = 86_400
_ALWAYS: Final = 10**6


class RefusedNames(msgspec.Struct, frozen=True):
    """The last segment of a host that was refused for its new names: when (seconds since the epoch), and why."""

    at_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Names:
    """Names of hosts in a folder, a file each; `most` names of one host count that it used within `unseen`.

    A resource whose name a person stated never ages out of the inventory, and so counts for ever.
    One process writes. A damaged file begins anew: it counts names, it holds none of the readings.
    """

    folder: Path
    most: int
    unseen: timedelta
    files: Files

    def admit(self, host: str, frame: "pl.DataFrame", now: datetime) -> None:
        """Notes the names of a segment; LakeError where new ones would be more than the host may have."""
        if "resource_id" not in frame.columns:
            return
        today, oldest = int(now.timestamp()) // _DAY_S, int((now - self.unseen).timestamp()) // _DAY_S
        known = self._known(host)
        given = dict.fromkeys(_marks(frame), today) | dict.fromkeys(_marks(_stated(frame)), _ALWAYS)
        lately = {mark: day for mark, day in known.items() if day >= oldest}
        new = given.keys() - lately.keys()
        if new and len(lately) + len(new) > self.most:
            reason = (
                f"{len(new)} new resources and devices beside {len(lately)} of the last {self.unseen.days} days; "
                f"[serve] names_per_host allows {self.most}"
            )
            self._note(host, RefusedNames(now.timestamp(), reason))
            raise LakeError(f'host "{shown(host)}": {reason}')
        after = lately | {mark: max(day, lately.get(mark, 0)) for mark, day in given.items()}
        if after != known:
            publish(self.files, self.folder / f"{host}{_NAMED}", msgspec.msgpack.encode(after))

    def _known(self, host: str) -> dict[bytes, int]:
        path = self.folder / f"{host}{_NAMED}"
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=dict[bytes, int])
        except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
            return {}

    def _note(self, host: str, refused: RefusedNames) -> None:
        publish(self.files, self.folder / f"{host}{_REFUSED}", msgspec.json.encode(refused))


def _marks(frame: "pl.DataFrame") -> Iterator[bytes]:
    """Eight bytes for each resource and device of the rows: equal names have equal ones, in every version."""
    columns = [name for name in ("resource_id", "device") if name in frame.columns]
    for named in frame.select(columns).unique().iter_rows():
        yield hashlib.blake2b("\0".join([*named, ""][:2]).encode(), digest_size=8).digest()


def _stated(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Rows of the inventory whose sources state names; a row of readings has a device, and those come and go."""
    if "device" in frame.columns:
        return frame.clear()
    of_people = [one for one in frame["source"].unique().to_list() if names_of_people(one)]
    return frame.filter(frame["source"].is_in(of_people))


def of_names(folder: Path, now: datetime, *, within: timedelta = timedelta(days=1)) -> list[str]:
    """A line for each host of which segments were refused within a day because it names too much."""
    found: list[str] = []
    for path in sorted(folder.glob(f"*{_REFUSED}")):
        try:
            refused = msgspec.json.decode(path.read_bytes(), type=RefusedNames)
            at = datetime.fromtimestamp(refused.at_s, now.tzinfo)
        except (OSError, ValueError, OverflowError, msgspec.DecodeError):
            continue
        if now - at <= within:
            host = shown(path.name.removesuffix(_REFUSED))
            found.append(
                f"host {host}: segments are refused since it names too much, last {rfc3339(at)}: {refused.reason}"
            )
    return found
