"""What one address may name: resources and devices, so many within a time; labels that churn end there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

Name: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class Names:
    """The names (resource, device) that an address has used, each with the instant at which it was used last.

    At most `most` are known at a time; one that was not used for `unseen` makes room for another.
    """

    most: int
    unseen: timedelta
    last: dict[Name, datetime] = field(default_factory=dict[Name, datetime])

    def admitted(self, given: Iterable[Name], at: datetime) -> set[Name]:
        """Those that may be kept: all that are known, and new ones in their order as long as there is room."""
        asked = sorted(set(given))
        known = [name for name in asked if name in self.last]
        new = [name for name in asked if name not in self.last]
        if len(self.last) + len(new) > self.most:
            self.last = {name: when for name, when in self.last.items() if at - when <= self.unseen}
        taken = [*known, *new[: max(0, self.most - len(self.last))]]
        self.last |= dict.fromkeys(taken, at)
        return set(taken)

    def resources(self) -> set[str]:
        """The resources among them."""
        return {resource for resource, _ in self.last}
