"""What a rule looks at: one exposition, the counters that are remembered, and what has been read so far."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from plimsoll.collectors.prometheus.exposition import Exposition, Sample
from plimsoll.collectors.prometheus.mapping import Join, Rule, stem

Values = dict[str, float]


@dataclass(slots=True)
class Read:
    """What one exposition gave: readings by (resource, device), facts and labels by resource, and what was left out.

    `found` counts the samples that some rule took; `parts` says of a part of a device which device it is of, and its
    weight; `vanished` are families that an earlier reading had, `missing` those that the mapping knows and that are not
    there; `lacking` says of a metric which family it needs beside those that are there; `unlabeled` counts samples
    without a label that they need; `torn` and `repeated` count series that came twice, with different values and
    alike; `uncounted` are families whose series could not be distinguished; `lost` are metrics of the last reading;
    `nameless` are families of which some samples name no resource; `refused` names lines that were left out.
    `partial` are places of the rule at hand of which a sample is not known: no sum has all its parts there; `parted`
    are the metrics that are unknown for that, `shared` the GPUs that several resources have.
    """

    readings: dict[tuple[str, str], Values] = field(default_factory=dict[tuple[str, str], Values])
    facts: dict[str, Values] = field(default_factory=dict[str, Values])
    labels: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    beyond: set[str] = field(default_factory=set[str])
    dropped: int = 0
    refused: str = ""
    first: bool = False
    found: int = 0
    parts: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict[tuple[str, str], tuple[str, float]])
    vanished: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict[str, str])
    missing: frozenset[str] = frozenset()
    lacking: dict[str, str] = field(default_factory=dict[str, str])
    unlabeled: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    nameless: set[str] = field(default_factory=set[str])
    torn: int = 0
    repeated: int = 0
    uncounted: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    partial: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    shared: set[str] = field(default_factory=set[str])
    parted: set[str] = field(default_factory=set[str])
    remarks: list[str] = field(default_factory=list[str])


class Counters(Protocol):
    """What a look needs of the object that keeps the counters between two expositions."""

    def groups(
        self, rule: Rule, samples: list[Sample], made: Read, *, filtered: bool = True
    ) -> dict[tuple[str, str], list[Sample]]:
        """Samples by (resource, device), as far as the rule takes them."""
        ...

    def growth(
        self,
        key: tuple[object, ...],
        sample: Sample,
        *,
        at_s: float,
        epoch: object,
        jitters: bool,
        most_per_s: float | None = None,
    ) -> tuple[float, float] | None:
        """(growth, seconds) of a counter since its reading before."""
        ...

    @property
    def doubts(self) -> int:
        """How many counters of this exposition grew by more than they can."""
        ...

    def changed(self, key: tuple[str, str, str], value: float) -> bool:
        """Whether a code is another than the last one."""
        ...

    def only_more(self, part: tuple[object, ...], series: frozenset[object]) -> bool:
        """Whether every series that a part of a rule had at the reading before is still there."""
        ...

    def counted(self, key: tuple[str, ...], value: float, *, otherwise: float) -> float:
        """How much more a code is counted now than at the reading before."""
        ...

    def joined(self, join: Join, exposition: Exposition) -> frozenset[tuple[str, ...]] | None:
        """The keys that a joined family has above zero; None where it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class RuleInput:
    """One rule over one exposition."""

    counters: Counters
    number: int
    rule: Rule
    exposition: Exposition
    made: Read
    at_s: float
    wall_s: float
    epoch: object

    def named(self, names: tuple[str, ...]) -> list[Sample]:
        """The samples of the first alias that is there."""
        for name in names:
            if samples := self.exposition.of(name):
                return samples
        return []

    def all_of(self, names: tuple[str, ...]) -> list[Sample]:
        """The samples of every name: parts of a sum."""
        return [sample for name in names for sample in self.exposition.of(name)]

    def grouped(self, samples: list[Sample]) -> dict[tuple[str, str], list[Sample]]:
        """By resource and device."""
        return self.counters.groups(self.rule, samples, self.made)

    def unknown(self, samples: list[Sample]) -> None:
        """Notes where samples are that say nothing: what is added up there lacks a part."""
        if samples:
            self.made.partial.update(self.counters.groups(self.rule, samples, Read()))

    def main(self) -> list[Sample]:
        """What the rule's joins leave of its families: of the first alias, or of all where they are a sum.

        A sum of which a family is missing is unknown, and that is noted.
        """
        if self.rule.sums:
            every = self.all_of(self.rule.families)
            found = self.left(every) if self.complete(self.rule.families, every) else []
        else:
            found = self.left(self.named(self.rule.families))
        return found + self.all_of(self.rule.also) if found and self.rule.also else found

    def left(self, samples: list[Sample]) -> list[Sample]:
        """What the rule's joins leave of some samples; nothing where a family that they look at is not there."""
        for join in self.rule.joined:
            keys = self.counters.joined(join, self.exposition)
            self._labeled(samples, join.on)
            self._labeled(self.exposition.of(join.family), (*join.on, *join.where))
            if keys is None and not join.absent:
                if samples:
                    self.lacks(join.family)
                return []
            samples = [one for one in samples if (join.key(one.labels) in (keys or ())) != join.absent]
        return samples

    def _labeled(self, samples: list[Sample], labels: tuple[str, ...]) -> None:
        """Notes labels that no sample has."""
        for label in labels:
            if samples and not any(one.labels.get(label) for one in samples):
                self.made.unlabeled[stem(samples[0].name), label] = len(samples)

    def lacks(self, family: str) -> None:
        """Notes which family the metric cannot be made without."""
        if self.rule.metric:
            self.made.lacking.setdefault(self.rule.metric, family)

    def complete(self, needed: tuple[str, ...], main: list[Sample]) -> bool:
        """Whether every needed family is there; where the main one is and another is not, that is noted."""
        lacking = [name for name in needed if not self.exposition.of(name)]
        if lacking and main:
            self.lacks(lacking[0])
        return not lacking

    def per_s(self, sample: Sample) -> float | None:
        """What a counter grew a second; None at its first reading."""
        delta = self.counters.growth(
            (self.number, "part"), sample, at_s=self.at_s, epoch=self.epoch, jitters=self.rule.jitters
        )
        return None if delta is None else delta[0] / delta[1]

    def no_such_yet(self, samples: list[Sample]) -> bool:
        """Whether the rule's family may be absent because nothing of the kind has happened yet."""
        names = [stem(name) for name in self.rule.families]
        return bool(samples) or not any(name in self.made.vanished or name in self.made.replaced for name in names)

    def places(self) -> list[tuple[str, str]]:
        """Where the rule's families have any sample at all, whatever the filters say."""
        return list(self.counters.groups(self.rule, self.named(self.rule.families), Read(), filtered=False))

    def grown(
        self, samples: list[Sample], part: str, *, filtered: bool = True, from_zero: bool = False
    ) -> dict[tuple[str, str], tuple[float, float]]:
        """(growth, growth per second) summed over the samples of each place; only of those with a reading before.

        `from_zero`: a series that comes to those that were there counts from zero; its rate is not known. Where another
        has gone it may be that one under other labels.
        """
        totals: dict[tuple[str, str], tuple[float, float]] = {}
        groups = self.counters.groups(self.rule, samples, self.made, filtered=filtered)
        more = from_zero and self._only_more(groups, part)
        limits = self._limits()
        for place, ones in groups.items():
            for sample in ones:
                doubts = self.counters.doubts
                delta = self.counters.growth(
                    (self.number, part),
                    sample,
                    at_s=self.at_s,
                    epoch=self.epoch,
                    jitters=self.rule.jitters,
                    most_per_s=limits.get(sample.labels.get("device", ""), self.rule.most_per_s),
                )
                if self.counters.doubts > doubts or math.isnan(sample.value):
                    self.made.partial.add(place)
                elif delta is None and more and sample.value >= 0:
                    delta = (sample.value, math.inf)
                if delta is not None:
                    amount, rate = totals.get(place, (0.0, 0.0))
                    totals[place] = (amount + delta[0], rate + delta[0] / delta[1])
        return totals

    def _only_more(self, groups: Mapping[tuple[str, str], list[Sample]], part: str) -> bool:
        """Whether no series has gone since a reading before."""
        names = frozenset((one.name, one.key) for ones in groups.values() for one in ones)
        return self.counters.only_more((self.number, part), names) and not self.made.first

    def _limits(self) -> dict[str, float]:
        """What a device of the rule can do a second, by its name, where the exporter says so; a fifth is forgiven."""
        known = self.exposition.of(self.rule.limit) if self.rule.limit else []
        return {one.labels["device"]: 1.2 * one.value for one in known if one.labels.get("device") and one.value > 0}

    def grown_together(self, names: tuple[str, ...], part: str) -> dict[tuple[str, str], tuple[float, float]]:
        """The sum of what several families grew; unknown for a place where one of them has no growth yet."""
        parts = [(samples, self.grown(samples, part)) for name in names if (samples := self.exposition.of(name))]
        totals: dict[tuple[str, str], tuple[float, float]] = {}
        for place in {place for _, grown in parts for place in grown}:
            there = [grown.get(place) for samples, grown in parts if place in self._where(samples)]
            if all(one is not None for one in there):
                known = [one for one in there if one is not None]
                totals[place] = (sum(one[0] for one in known), sum(one[1] for one in known))
        return totals

    def _where(self, samples: list[Sample]) -> set[tuple[str, str]]:
        return set(self.counters.groups(self.rule, samples, Read()))
