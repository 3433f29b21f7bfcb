"""Advice, and advisers: what each one answers, how its advice reads for several resources, how its outcome is measured.

An adviser turns a bottleneck into advice, or None where none can be given honestly. One file in `advisers/` (or one
table in `texts.toml`) is one adviser: everything about it is declared there.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from plimsoll.analysis.advice.plan import Plan
from plimsoll.analysis.advice.preconditions import NONE, Preconditions, Unmet, beyond_inventory, unmet
from plimsoll.analysis.advice.replay import Priority, Replay
from plimsoll.analysis.bottlenecks.expressions.measures import Measure
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck


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
    `changes` what to paste, by target (slurm, kubernetes, vllm), `asks` how much of what the paste asks for (gpus,
    cpus); `plan` the one size that title, text and paste speak of; `instead_of` names advisers that it contradicts.
    `adviser`, `rule` and `resource_id` are filled in by `Adviser.give`.
    """

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
    plan: Plan | None = None
    asks: Mapping[str, float] = field(default_factory=dict[str, float])
    inputs: Mapping[str, Measure] = field(default_factory=dict[str, Measure])
    instead_of: frozenset[str] = frozenset()
    adviser: str = ""
    rule: str = ""
    resource_id: str = ""

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
class MetricOutcome:
    """Measured afterwards in a metric, in percent of what it was; `sign` is -1 where less is what was promised."""

    metric: str
    sign: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeOutcome:
    """Measured afterwards in units that are paid for, in percent fewer.

    `whole` promises the whole resource back, `daily` a part of each day; without either it is a smaller size for good.
    """

    whole: bool = False
    daily: bool = False


OutcomeMeasure: TypeAlias = MetricOutcome | SizeOutcome


@dataclass(frozen=True, slots=True)
class PlatformText:
    """How the same advice reads for several resources: the title, and what they do (`N resources DO: names`)."""

    title: str
    resources: str


def of_the_fleet(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:  # noqa: ARG001 - as every adviser's
    """Nothing for one resource by itself: this advice is given where all are known."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adviser:
    """Everything about an adviser.

    `answers` names the rules whose bottlenecks it knows what to do about; `reads` are metrics that it needs beside
    those of the rules. `platform` is its text for several resources; None: it is not summed up. `outcome`
    is how what came of it is measured; None: it cannot be. `wants` is what has to be known before it advises.
    """

    name: str
    answers: frozenset[str]
    advise: Callable[[ResourceWindow, Bottleneck], Advice | None]
    reads: tuple[str, ...] = ()
    platform: PlatformText | None = None
    outcome: OutcomeMeasure | None = None
    wants: Preconditions = NONE

    def unmet(self, window: ResourceWindow, bottleneck: Bottleneck) -> Unmet | None:
        """The precondition that does not hold; None: it may advise."""
        return unmet(self.wants, window, bottleneck)

    def give(self, window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
        """Its advice on a bottleneck, signed with its name, the rule and the resource; None: it has none to give.

        What a paste asks for beyond the inventory is not pasted.
        """
        if self.unmet(window, bottleneck) is not None:
            return None
        advice = self.advise(window, bottleneck)
        if advice is None:
            return None
        if beyond_inventory(advice.asks, window.resource):
            advice = replace(advice, changes={})
        if self.wants.breaks:
            advice = replace(advice, description=f"{advice.description} {self.wants.breaks}")
        return self.sign(advice, window, bottleneck)

    def sign(self, advice: Advice | None, window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
        """The same advice with what identifies it."""
        if advice is None:
            return None
        return replace(advice, adviser=self.name, rule=bottleneck.rule, resource_id=window.resource.resource_id)
