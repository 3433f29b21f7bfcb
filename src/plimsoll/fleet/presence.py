"""Whether a resource is read: what was promised of it, what arrived, how long it has been silent, which metric is lost.

Silence is promised and missing: it has a length, and a line in minutes like any other metric. What is not promised any
more (an import past its end, a collector that was stopped) is unmeasured, which is neither silent nor calm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from plimsoll.config import Duration, Section
from plimsoll.documents import Severity
from plimsoll.fleet.resources import Resource

METRIC: Final = "silence"
STALE_INTERVALS: Final = 3
YOUNG: Final = timedelta(days=2)
"""With a shorter history nothing is compared with its own past."""
State = Literal["read", "silent", "never read", "ended"]
Standing = Literal["judged", "too new", "too seldom", "silent", "not due", "not seen"]
"""What a window can say of a resource: each resource has exactly one, and every count of a report counts these."""


class Silence(Section):
    """`[silence]`: when a resource that is not read is an alert."""

    after: Annotated[Duration, Field(ge=60, le=7 * 86400)] = Field(
        "15m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="an alert opens after this long without a reading, and after 3 intervals at the earliest",
    )
    high_after: Annotated[Duration, Field(ge=60, le=30 * 86400)] = Field(
        "6h",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="a longer silence is high, a shorter one medium",
    )
    back_for: Annotated[Duration, Field(ge=0, le=86400)] = Field(
        "5m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="the alert closes when readings have come for this long",
    )
    unseen: Annotated[Duration, Field(ge=86400, le=366 * 86400)] = Field(
        "7d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="a name that only labels gave is counted, no longer listed as silent, after this long",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.high_after < self.after:
            raise ValueError("high_after must not be shorter than after")
        return self

    def limit(self, resource: Resource) -> timedelta:
        """How long a resource may be without a reading before that is an alert."""
        return max(timedelta(seconds=self.after), STALE_INTERVALS * _interval(resource))

    def severity(self, length: timedelta) -> Severity:
        """By the length of the silence."""
        return "high" if length >= timedelta(seconds=self.high_after) else "medium"


def patience(resource: Resource) -> timedelta | None:
    """How old the last reading may be; None where none was ever expected."""
    return None if resource.interval_s is None else STALE_INTERVALS * _interval(resource)


def _interval(resource: Resource) -> timedelta:
    return timedelta(seconds=resource.interval_s or 0.0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which readings were expected and none came; `end` is None while it goes on."""

    start: datetime
    end: datetime | None

    def length(self, at: datetime) -> timedelta:
        """How long it was, or has been until `at`."""
        return (self.end or at) - self.start


@dataclass(frozen=True, slots=True)
class LostMetric:
    """A metric of a resource that is still read, which has not been read itself since an instant.

    With a `device`: all that was read of that part of it; `metric` is empty then.
    """

    metric: str
    since: datetime
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """How one resource was read in a window, and whether it is read at its end.

    `last` is the last reading of all, None if there never was one; `in_window` whether the window has any.
    `stretches` are the silences that touch the window, the one that goes on last; `readings` arrived of `due`,
    `sources` the same by source. `coverage_pct` is None where no reading was expected in the window, or none is
    expected from now on. `young`: known for less than two days.
    """

    resource_id: str
    state: State
    last: datetime | None
    in_window: bool
    known_since: datetime | None = None
    stretches: Sequence[Stretch] = ()
    due: float = 0.0
    readings: int = 0
    sources: Mapping[str, tuple[float, int]] = field(default_factory=dict[str, tuple[float, int]])
    coverage_pct: float | None = None
    lost: Sequence[LostMetric] = ()
    young: bool = False
    aged_out: bool = False

    @property
    def silent(self) -> bool:
        """Promised, and not read at the end of the window; of a name that aged out nothing is expected."""
        return self.state in ("silent", "never read") and not self.aged_out

    @property
    def owed(self) -> float:
        """The readings that are counted as missing where they did not come: none of what nothing promises."""
        return self.due if self.coverage_pct is not None else min(self.due, float(self.readings))

    @property
    def silent_since(self) -> datetime | None:
        """Since when nothing has been read; None where it is read, or that is unknown."""
        return None if self.state == "read" else self.last or self.known_since

    @property
    def standing(self) -> Standing:
        """Judged (its readings can be compared with its own past, up to the end), or why it is not.

        `not seen`: a name that churns and went away long ago; `not due`: nothing more is promised of it; `too seldom`:
        it is read, but its interval is longer than the window.
        """
        if self.aged_out:
            return "not seen"
        if self.silent:
            return "silent"
        if self.state == "ended":
            return "not due"
        if not self.in_window:
            return "too seldom"
        return "too new" if self.young else "judged"
