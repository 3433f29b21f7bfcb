"""What every answer is made from: one snapshot of the lake, the settings, and the instant that is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from plimsoll.config import Config, Section
from plimsoll.inventory import Resource, resources_at
from plimsoll.lake import Snapshot
from plimsoll.lines import LoadLine
from plimsoll.settings import Plimsoll
from plimsoll.tables import RESOURCES

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Sources:
    """One state of the lake as of an instant: two answers from the same sources cannot contradict each other."""

    snapshot: Snapshot
    config: Config
    as_of: datetime

    def settings(self, name: str, kind: type[S]) -> S:
        """The settings of a section."""
        return self.config.get(name, kind)

    @property
    def fleet(self) -> str:
        """What the fleet is called."""
        return self.config.get("plimsoll", Plimsoll).name

    def resources(self) -> list[Resource]:
        """The inventory as it was known at the instant."""
        rows = self.snapshot.scan(RESOURCES, end=self.as_of + timedelta(milliseconds=1)).collect()
        return resources_at(rows.iter_rows(named=True))

    def lines(self) -> Mapping[str, LoadLine]:
        """The configured load lines by name."""
        return {
            name.removeprefix("lines."): section
            for name, section in self.config.sections.items()
            if isinstance(section, LoadLine)
        }
