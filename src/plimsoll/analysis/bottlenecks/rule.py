"""Rules: what each one reads, by which limits, where it stands, and what to do about what it finds.

A rule looks at one resource and gives a bottleneck or None; it never accuses without readings, and better readings
never make its finding worse. One file in `rules/` (or one table in a TOML file) is one rule: everything about it is
declared there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Literal, TypeAlias

from plimsoll.analysis.bottlenecks.expressions.measures import Measure
from plimsoll.analysis.bottlenecks.limits import L, Limits, changed
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.climb import Climb
from plimsoll.documents.time_left import TimeLeft

Part: TypeAlias = Literal["cpu", "memory", "gpu", "disk", "storage", "network", "service", "readings"]
Kind: TypeAlias = Literal["utilization", "saturation", "errors"]
BUILT_IN: Final = "built-in"


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the USE sweep: a part of the resource, and which of its three questions the rule answers."""

    part: Part
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """A bottleneck of one resource.

    `weight` (0 to 100) orders the bottlenecks: how much of the resource it holds back. `observed` and `threshold` are
    in the unit of `metric`; `share` is the share of the window in which it was there, `samples` the readings behind it;
    `pace_per_day` is how fast it moves, where the rule saw a slope, `time_left` what a climb leaves, `hours` how long
    it has been under way, where a rule saw its beginning. `measure` is the declaration that gave `observed`, and gives
    the SQL for it. `rule`, `component` and `limits` are those of the rule that found it, which fills them in.
    """

    description: str
    impact: str
    weight: float
    metric: str
    observed: float
    threshold: float
    share: float
    samples: int
    measure: Measure
    device: str = ""
    pace_per_day: float | None = None
    time_left: TimeLeft | None = None
    hours: float | None = None
    rule: str = ""
    component: str = ""
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class History:
    """How many hours of readings a rule needs before it can find anything, and where.

    In the window, in the days before it (`past`), in both (`grid`), or in so many hours before the end.
    """

    hours: float = 0.0
    span: Literal["window", "past", "grid"] | float = "window"


def no_history(limits: Limits) -> History:  # noqa: ARG001 - one signature for all rules
    """The rule needs no more than a reading or two."""
    return History()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[L]):
    """Everything about a rule.

    `find` gives the bottleneck under the given limits, or None. `history` is how much has to be read before it can
    find anything: with less it is silent, which does not prove that all is well. `min_weight` is how heavy a finding
    weighs at least, `use` its place in the USE sweep, `remediation` what to do about it; `explains` names the rules
    whose findings are symptoms of this one: they are folded under it. `needs_all`: it can find nothing unless
    everything in `reads` is read. `compares_devices` are metrics that it reads of each device; `origin` is the file of
    the project that declares it. `climb` is the forecast of the first metric that it reads, which other parts of a
    report share.
    """

    name: str
    component: str
    summary: str
    reads: tuple[str, ...]
    find: Callable[[ResourceWindow, L], Bottleneck | None]
    limits: L
    use: Place
    min_weight: float
    remediation: str
    explains: frozenset[str] = frozenset()
    history: Callable[[L], History] = no_history
    needs_all: bool = False
    compares_devices: tuple[str, ...] = ()
    origin: str = BUILT_IN
    climb: Callable[[ResourceWindow, L], Climb | None] | None = None

    @property
    def built_in(self) -> bool:
        """Whether it comes with Plimsoll, and not from a file of the project."""
        return self.origin == BUILT_IN

    def evaluate(self, window: ResourceWindow) -> Bottleneck | None:
        """What the rule finds, signed with its name, component and limits; None: nothing, or too little is read."""
        found = self.find(window, self.limits)
        if found is None:
            return None
        return replace(found, rule=self.name, component=self.component, limits=self.limits)

    def with_limits(self, given: Mapping[str, float]) -> "Rule[L]":
        """The same rule with some limits at other values.

        Raises `pydantic.ValidationError` for a limit that it does not have, or that is out of bounds.
        """
        return replace(self, limits=changed(self.limits, given)) if given else self


AnyRule: TypeAlias = Rule[Any]
"""A rule whatever its limits are."""
