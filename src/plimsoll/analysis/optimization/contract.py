"""The contracts of rules and advisers.

A rule looks at one resource and gives a bottleneck or None; it never accuses without readings, and better readings
never make its finding worse. An adviser turns a bottleneck into advice, or None where none can be given honestly.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.reading import Seen
from plimsoll.analysis.optimization.replay import Priority, Replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A bottleneck of one resource.

    `weight` (0 to 100) orders the bottlenecks: how much of the resource it holds back. `observed` and `threshold` are
    in the unit of `metric`; `share` is the share of the window in which it held, `samples` the readings behind it;
    `pace_per_day` is how fast it moves, where the rule saw a slope. `seen` is the declaration that gave `observed`, and
    gives the SQL for it.
    """

    rule: str
    component: str
    description: str
    impact: str
    weight: float
    metric: str
    observed: float
    threshold: float
    share: float
    samples: int
    seen: Seen
    device: str = ""
    pace_per_day: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """`explains` names the rules whose findings are symptoms of this one: they are folded under it.

    `history_h` is how many hours of its first metric it wants before it says anything, beside those of the window where
    it compares with what was `before_window`.
    """

    name: str
    component: str
    reads: tuple[str, ...]
    find: Callable[[Case], Found | None]
    explains: frozenset[str] = frozenset()
    history_h: float = 0.0
    before_window: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What following the advice is worth: low, middle and high in `unit`, and the formula that gave them."""

    low: float
    middle: float
    high: float
    unit: str
    formula: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about a bottleneck.

    `saving_per_month` is negative where it costs, in the currency of the prices, after what is committed to; None
    without a price. `frees` is how much of the resource's units it gives back (for the portfolio); `replay` is what
    history says of a change of size. `inputs` are the readings that its numbers were made from, by what they are;
    `changes` what to paste, by target (slurm, kubernetes, vllm); `instead_of` names advisers that it contradicts.
    """

    adviser: str
    rule: str
    resource_id: str
    priority: Priority
    title: str
    description: str
    improvement: str | None = None
    estimate: Estimate | None = None
    cost: str | None = None
    saving_per_month: float | None = None
    frees: float = 0.0
    replay: Replay | None = None
    changes: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    instead_of: frozenset[str] = frozenset()

    @property
    def risk(self) -> float | None:
        """The share of history that would have broken the target; None where no size changes."""
        return None if self.replay is None else self.replay.share

    @property
    def id(self) -> str:
        """Stable: the same advice for the same cause has the same one."""
        identity = f"{self.adviser}\0{self.resource_id}\0{self.rule}".encode()
        return f"advice-{hashlib.sha256(identity).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Adviser:
    """`answers` names the rules whose bottlenecks it knows what to do about."""

    name: str
    answers: frozenset[str]
    advise: Callable[[Case, Found], Advice | None]
