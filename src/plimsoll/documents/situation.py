"""The situation of a fleet at the end of a window: computed once; verdict, page, mail, feeds and status render it.

Everything that a sentence may be made from is a field here, and the state is a function of these fields alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, Literal

FILE: Final = "situation.json"
"""Where a daily report publishes its situation, alone: small enough to be read for each `plimsoll status`."""
AVAILABLE_PCT: Final = 95.0
TENTH: Final = 0.1
ENOUGH_PCT: Final = 95.0
LEAST_PCT: Final = 80.0
TODAY_DAYS: Final = 3
SOON_DAYS: Final = 14


class State(IntEnum):
    """From calm to the worst; not knowing is worse than knowing the worst."""

    CALM = 0
    STEADY = 1
    WATCH = 2
    ATTENTION = 3
    TROUBLE = 4
    CANNOT_TELL = 5


@dataclass(frozen=True, slots=True)
class Absent:
    """A resource that is not read at the end; `since` is its last reading, or (`never`) when it became known.

    `type` is its resource's; empty where that is not known.
    """

    id: str
    name: str
    since: datetime | None
    length: timedelta
    never: bool = False
    type: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A metric that was read with each reading of a resource, and has not been since an instant.

    With `devices`: GPUs of which nothing has been read since then, while their resource is read; `metric` is empty.
    """

    id: str
    name: str
    metric: str
    since: datetime
    devices: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """An open alert that is not muted; `metric` is a document's name, or silence.

    `what` says what a rule found; empty where a line is crossed.
    """

    id: str
    resource: str
    name: str
    severity: str
    metric: str
    since: datetime
    is_silence: bool = False
    what: str = ""


@dataclass(frozen=True, slots=True)
class JustOver:
    """A line that a resource has been over since an instant, and not yet for the `lasting` that opens an alert."""

    id: str
    metric: str
    line: float
    since: datetime
    lasting: timedelta
    side: Literal["over", "under"] = "over"
    name: str = ""


@dataclass(frozen=True, slots=True)
class CameBack:
    """A resource that was over a line and is known to be under it now, since `at` (None: since when is not known)."""

    id: str
    name: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    """Something unlike the past, by the resource that likely caused it; `resources` are all that it was seen on."""

    id: str
    name: str
    severity: str
    resources: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation of the priority high."""

    id: str
    resource: str
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Crossing:
    """A line that a forecast reaches after so many days; 0: it is over it now. `when` is the time in words."""

    days: int
    id: str
    name: str
    metric: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the forecasts looked at: how many days, how many resources have one, and how many have none."""

    horizon_days: int
    forecast: int
    without: int


@dataclass(frozen=True, slots=True)
class RulesJudged:
    """How many rules had enough readings to judge, how many wait for a longer history, and how many there are."""

    judged: int
    waiting: int
    known: int


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A time right before the window that no report of this kind covers, and why."""

    start: datetime
    end: datetime
    why: str


@dataclass(frozen=True, slots=True)
class GpuTotals:
    """All GPUs that were read: how many, their mean use and that of the busiest hour, how many would be enough."""

    count: int
    busy_pct: float
    busiest_pct: float
    enough: int
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Every resource once: judged, or why it was not. The one source of each count that a sentence prints."""

    judged: int
    too_new: int
    too_seldom: int
    silent: int
    not_due: int
    not_seen: int

    @property
    def not_read(self) -> int:
        """Those that are not read at the end of the window."""
        return self.silent + self.not_due + self.not_seen

    @property
    def total(self) -> int:
        """All of them."""
        return self.judged + self.too_new + self.too_seldom + self.not_read


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All of it. Sequences are ordered, the worst first.

    `read` counts resources with a reading in the window, `judged` those that can be compared with their own past up to
    the end; `too_new` have no past yet, `too_seldom` no reading in a window that is shorter than their interval.
    `silent` should be read and are not; of `unmeasured` nothing more is promised; `aged_out` counts names that only
    labels gave and that were not seen for long. Each resource is in one of these: `counts`. `crossed` are those that
    were over a line at any time, `came_back` those of them that are known to be under it; a muted alert is in neither
    `open` nor `came_back`. `opened` and `closed` count alerts since the last report. `ahead` is None without forecasts,
    `gpus` where the use of no GPU was read.
    Of `without_line` nothing that is read has a load line. `rules` is None where rules were not asked.
    """

    total: int
    read: int
    judged: int
    too_new: Sequence[str] = ()
    too_seldom: Sequence[str] = ()
    coverage_pct: float | None = None
    silent: Sequence[Absent] = ()
    silent_types: Sequence[str] = ()
    unmeasured: Sequence[Absent] = ()
    lost: Sequence[Lost] = ()
    gaps: Sequence[Absent] = ()
    aged_out: int = 0
    open: Sequence[Open] = ()
    muted: Sequence[str] = ()
    opened: int = 0
    closed: int = 0
    crossed: Sequence[str] = ()
    came_back: Sequence[CameBack] = ()
    over_now: Sequence[str] = ()
    just_over: Sequence[JustOver] = ()
    incidents: Sequence[Incident] = ()
    advice: Sequence[Advice] = ()
    crossings: Sequence[Crossing] = ()
    ahead: Ahead | None = None
    availability_pct: float | None = None
    gpus: GpuTotals | None = None
    failed_sections: Sequence[str] = ()
    failed_jobs: Sequence[str] = ()
    uncovered: Sequence[Uncovered] = ()
    is_filtered: bool = False
    without_line: Sequence[str] = ()
    rules: RulesJudged | None = None

    @property
    def counts(self) -> Counts:
        """How many of each standing; their sum is `total`."""
        return Counts(
            judged=self.judged,
            too_new=len(self.too_new),
            too_seldom=len(self.too_seldom),
            silent=len(self.silent),
            not_due=len(self.unmeasured),
            not_seen=self.aged_out,
        )

    @property
    def state(self) -> State:
        """The first row that is true, the worst first."""
        if self.knows_nothing or self.silent_types or (self.coverage_pct is not None and self.coverage_pct < LEAST_PCT):
            return State.CANNOT_TELL
        severities = {one.severity for one in self.open}
        soonest = min((one.days for one in self.crossings), default=None)
        unavailable = self.availability_pct is not None and self.availability_pct < AVAILABLE_PCT
        if "critical" in severities or unavailable or self.is_widely_over:
            return State.TROUBLE
        if "high" in severities or (soonest is not None and soonest <= TODAY_DAYS):
            return State.ATTENTION
        if "medium" in severities or (soonest is not None and soonest <= SOON_DAYS):
            return State.WATCH
        return State.STEADY if any(self._blemishes()) else State.CALM

    def _blemishes(self) -> Iterator[bool]:
        """What keeps a fleet from being calm, one after the other."""
        yield self.judged == 0
        yield self.has_no_line
        yield self.coverage_pct is not None and self.coverage_pct < ENOUGH_PCT
        yield from map(bool, (self.silent, self.unmeasured, self.lost, self.gaps, self.open, self.muted))
        yield self.opened + self.closed > 0
        yield from map(bool, (self.crossed, self.over_now, self.incidents, self.advice, self.crossings))
        yield bool(self.failed_sections or self.failed_jobs or self.uncovered)

    @property
    def knows_nothing(self) -> bool:
        """Whether nothing was read in the window."""
        return self.read == 0

    @property
    def has_no_line(self) -> bool:
        """Whether nothing that was read has a load line: then none can be crossed, and none was stayed under."""
        return 0 < self.read <= len(self.without_line)

    @property
    def is_widely_over(self) -> bool:
        """Whether a tenth of the fleet, and more than one, has an open alert on a line."""
        return len(self.over_line) >= max(2, TENTH * self.total)

    @property
    def over_line(self) -> list[str]:
        """The resources with an open alert on a line."""
        return sorted({one.resource for one in self.open if not (one.is_silence or one.what)})

    @property
    def stayed_under(self) -> int:
        """Resources that were read up to the end and crossed no line, of those that have one."""
        return max(0, self.total - self.aged_out - len(self._absent | set(self.crossed) | set(self.without_line)))

    @property
    def unlined(self) -> int:
        """Those without a line that are read to the end, crossed nothing and so are in no other count of lines."""
        return len(set(self.without_line) - self._absent - set(self.crossed))

    @property
    def crossed_unread(self) -> int:
        """Those that crossed a line and are not read at the end: they are in both counts."""
        return len(set(self.crossed) & self._absent)

    @property
    def _absent(self) -> set[str]:
        return {one.id for one in (*self.silent, *self.unmeasured)} | set(self.too_seldom)

    @property
    def high(self) -> list[tuple[str, str]]:
        """(resource id, name) of everything that is high or critical anywhere, each once, in the order of urgency."""
        alerts = [(one.resource, one.name) for one in self.open if one.severity in ("high", "critical")]
        soon = [(one.id, one.name) for one in self.crossings if one.days <= TODAY_DAYS]
        strange = [(one.id, one.name) for one in self.incidents if one.severity == "high"]
        advised = [(one.resource, one.name) for one in self.advice]
        return list(dict((*advised, *strange, *soon, *alerts)[::-1]).items())
