"""Everything a report is made from; the view adds words and order, never a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from plimsoll.documents import Alert, Evidence, PerformanceDocument
from plimsoll.documents.anomalies import AnomaliesDocument
from plimsoll.documents.capacity import CapacityDocument
from plimsoll.documents.gpus import GpuFleet
from plimsoll.documents.headroom import Headroom
from plimsoll.documents.optimization import OptimizationDocument
from plimsoll.documents.situation import JustOver, Uncovered
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.presence import METRIC as SILENCE
from plimsoll.fleet.presence import Presence
from plimsoll.fleet.resources import Resource
from plimsoll.publish.revisions import Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Who made a report, when, and from which state of the lake; `cost` is what the one before took.

    `undelivered` says which earlier messages did not reach whom, and why; `failed_jobs` names windows of jobs that were
    given up since then; `uncovered` is the time right before this window that no report of its kind covers.
    """

    version: str
    at: datetime
    generation: str
    cost: str = ""
    revision: Revision = field(default_factory=Revision)
    undelivered: Sequence[str] = ()
    failed_jobs: Sequence[str] = ()
    uncovered: Sequence[Uncovered] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """An alert of the window: `opened` when it had lasted long enough, `closed` when it was left behind.

    `muted` says why it is not reported to people, `what` what a rule found (empty: a line is crossed); neither open nor
    closed is one whose readings ended over the line.
    """

    alert: Alert
    opened: datetime
    closed: datetime | None
    is_open: bool
    muted: str | None = None
    what: str = ""

    @property
    def is_of_line(self) -> bool:
        """Whether it is a load line that is or was crossed: not silence, and not what a rule found."""
        return not self.what and self.alert.metric != SILENCE


@dataclass(frozen=True, slots=True)
class Earlier:
    """The situation of an earlier report, as `situation.json` has it, and the end of its window.

    `was_delivered`: it is the last one that reached somebody; else it is the last one that was published.
    """

    end: datetime
    situation: Mapping[str, Any]
    was_delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """The documents and facts of one report.

    `standings` are in the order of `resources`; `cell_s` is the length of a strip cell; `previous` is the document
    as of `previous_end`, None on the first report. `optimization`, `anomalies`, `capacity` and `gpus` are None
    where they were not made; `failed` says why, by section. `outcomes` says what came of earlier advice.
    `presences` are in the order of `resources` too; `events` are the alerts that opened, closed or go on;
    `just_over` lines that are crossed, and not for long enough yet; `earlier` is what changes are counted from;
    `is_filtered`: only some resources were asked for. `first_reading` is that of the whole lake.
    """

    kind: str
    fleet: str
    zone: str
    start: datetime
    end: datetime
    cell_s: int
    document: PerformanceDocument
    previous: PerformanceDocument | None
    previous_end: datetime
    evidence: Sequence[Evidence]
    resources: Sequence[Resource]
    standings: Sequence[Headroom]
    lines: Mapping[str, LoadLine]
    made: Made
    optimization: OptimizationDocument | None = None
    anomalies: AnomaliesDocument | None = None
    capacity: CapacityDocument | None = None
    gpus: GpuFleet | None = None
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    outcomes: Sequence[str] = ()
    presences: Sequence[Presence] = ()
    events: Sequence[Event] = ()
    just_over: Sequence[JustOver] = ()
    earlier: Earlier | None = None
    is_filtered: bool = False
    first_reading: datetime | None = None

    @property
    def before(self) -> str:
        """What this report is compared with, in a word or two."""
        apart = self.end - self.previous_end
        if timedelta(hours=20) <= apart <= timedelta(hours=28):
            return "yesterday"
        if timedelta(days=6) <= apart <= timedelta(days=8):
            return "the week before"
        return f"{self.previous_end.astimezone(ZoneInfo(self.zone)):%a %H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityInput:
    """What a capacity review is made from; `previous` is what a review one interval earlier would have said."""

    zone: str
    as_of: datetime
    document: CapacityDocument
    previous: CapacityDocument | None
    delivery_days: Mapping[str, float]
    made: Made
