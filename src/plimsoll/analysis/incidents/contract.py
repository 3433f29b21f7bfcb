"""The contract of incidents: findings and what is known of their resources -> what is reported."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from plimsoll.analysis.anomalies.contract import Finding, Severity
from plimsoll.clock import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a resource stands: what it shares with others, and which resources it needs to do its work.

    `on` are the machines and parts that it shares, such as ("node", "n17"); empty texts are unknown, and tie nothing.
    """

    type: str = ""
    region: str = ""
    owner: str = ""
    on: frozenset[tuple[str, str]] = frozenset()
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cause:
    """A member that may have caused the others; `why` is the reason in words."""

    resource_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Findings of one cause, that of the likely cause first; `end` is None while one of them goes on.

    `times_a_day` is how often this fleet had something as rare in the days before; `reported`: people are to know of
    it; else it is one of the weaker ones beyond the number that was asked for. `tie` says what joined the members.
    """

    members: Sequence[Finding]
    start: datetime
    end: datetime | None
    severity: Severity
    causes: Sequence[Cause]
    tie: str = ""
    times_a_day: float | None = None
    reported: bool = True
    resources: Sequence[str] = field(default_factory=tuple[str, ...])

    @property
    def id(self) -> str:
        """Stable while the first member is: others may join later."""
        first = min(self.members, key=lambda one: (one.start, one.resource_id, one.detector))
        identity = f"{first.resource_id}\0{rfc3339(first.start)}".encode()
        return f"inc-{hashlib.sha256(identity).hexdigest()[:12]}"

    @property
    def strongest(self) -> Finding:
        """The member that is furthest beyond its own alarm."""
        return max(self.members, key=lambda one: (strength(one), one.id))

    @property
    def is_silence(self) -> bool:
        """Whether readings are all that is missing: coverage and alerts tell of it."""
        return all(one.detector == "silence" for one in self.members)


def strength(finding: Finding) -> float:
    """How far beyond its detector's alarm; to be compared with the same detector's findings alone."""
    return finding.score / finding.threshold if finding.threshold > 0 else finding.score


NOWHERE = Place()


def place_of(places: Mapping[str, Place], resource_id: str) -> Place:
    """What is known of a resource; one without a description shares nothing."""
    return places.get(resource_id, NOWHERE)
