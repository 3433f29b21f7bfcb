"""The mapper: one target's expositions, one after the other -> readings in the catalogue's metrics."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from plimsoll.collectors.rates import Rates
from plimsoll.collectors.scrape.exposition import Exposition, Sample
from plimsoll.collectors.scrape.histograms import quantile
from plimsoll.collectors.scrape.mapping import Mapping as Table
from plimsoll.collectors.scrape.mapping import Rule
from plimsoll.metrics import CATALOGUE

_DAY_S: Final = 86_400.0
_FORGET_INTERVALS: Final = 10
_JITTER: Final = 1.05
Values = dict[str, float]


@dataclass(slots=True)
class Read:
    """What one exposition gave: readings by (resource key, device), facts by resource key, and what was left out."""

    readings: dict[tuple[str, str], Values] = field(default_factory=dict[tuple[str, str], Values])
    facts: dict[str, Values] = field(default_factory=dict[str, Values])
    beyond: set[str] = field(default_factory=set[str])
    dropped: int = 0


class Mapper:
    """Keeps the counters of one target between two expositions. `resource_of` names the resource of a sample."""

    def __init__(
        self, table: Table, *, interval_s: float, resource_of: Callable[[Mapping[str, str]], str | None]
    ) -> None:
        self._table = table
        self._resource_of = resource_of
        self._interval_s = interval_s
        self._rates = Rates(interval_s=interval_s)
        self._last_codes: dict[tuple[str, str, str], float] = {}

    @property
    def series(self) -> int:
        """How many counters are remembered."""
        return len(self._rates)

    def read(self, exposition: Exposition, *, at_s: float, wall_s: float) -> Read:
        """The readings of one exposition; `at_s` says when it was read on the monotonic hand, `wall_s` on the wall."""
        made = Read()
        epoch = _epoch(exposition, self._table.epoch)
        for number, rule in enumerate(self._table.rules):
            if rule.only_if and not any(sample.value > 0 for sample in exposition.of(rule.only_if)):
                continue
            look = _Look(self, number, rule, exposition, made, at_s=at_s, wall_s=wall_s, epoch=epoch)
            for (resource, device), value in look.values().items():
                self._note(made, rule, resource, device, value)
        self._rates.forget(at_s - _FORGET_INTERVALS * max(self._interval_s, 30.0))
        return made

    def _note(self, made: Read, rule: Rule, resource: str, device: str, value: float) -> None:
        if rule.metric not in CATALOGUE:
            made.facts.setdefault(resource, {})[rule.metric] = value
            return
        metric = CATALOGUE[rule.metric]
        if metric.high is not None and metric.high < value <= _JITTER * metric.high:
            value = metric.high  # two clocks that differ a little, not a wrong reading
        if (metric.low is not None and value < metric.low) or (metric.high is not None and value > metric.high):
            made.dropped += 1
            return
        made.readings.setdefault((resource, device), {}).setdefault(rule.metric, value)

    def groups(
        self, rule: Rule, samples: list[Sample], made: Read, *, filtered: bool = True
    ) -> dict[tuple[str, str], list[Sample]]:
        """Samples by (resource, device) as far as the rule takes them; blanks are dropped and counted."""
        found: dict[tuple[str, str], list[Sample]] = {}
        blank = self._table.sentinel
        for sample in samples:
            if (filtered and not rule.takes(sample.labels)) or (rule.device and not sample.labels.get(rule.device)):
                continue
            if blank is not None and rule.how in ("gauge", "fill", "free", "change") and sample.value >= blank:
                made.dropped += 1
                continue
            resource = self._resource_of(sample.labels)
            if resource is not None:
                found.setdefault((resource, self._device(rule, sample.labels)), []).append(sample)
        return found

    def _device(self, rule: Rule, labels: Mapping[str, str]) -> str:
        """`gpu0`, and `gpu0/7` for a part of it."""
        if not rule.device:
            return ""
        told = labels.get(rule.device, "")
        part = labels.get(self._table.device_more, "") if self._table.device_more else ""
        name = told if told.startswith(self._table.device_prefix) else f"{self._table.device_prefix}{told}"
        return f"{name}/{part}" if part else name

    def growth(
        self, key: tuple[object, ...], sample: Sample, *, at_s: float, epoch: object, jitters: bool
    ) -> tuple[float, float] | None:
        """(growth, seconds) of a counter since its reading before."""
        series = (*key, sample.name, tuple(sorted(sample.labels.items())))
        delta = self._rates.delta(series, sample.value, at_s=sample.at_s or at_s, epoch=epoch, jitters=jitters)
        return None if delta is None else (delta.amount, delta.seconds)

    def changed(self, key: tuple[str, str, str], value: float) -> bool:
        """Whether a code is another than the last one; the first is known, not new."""
        before = self._last_codes.get(key)
        self._last_codes[key] = value
        return before is not None and value not in {before, 0}


@dataclass(frozen=True, slots=True)
class _Look:
    """One rule over one exposition."""

    mapper: Mapper
    number: int
    rule: Rule
    exposition: Exposition
    made: Read
    at_s: float
    wall_s: float
    epoch: object

    def values(self) -> dict[tuple[str, str], float]:
        """The rule's value for each resource and device; with devices also for the resource as a whole."""
        found = {place: value for place, value in _HOWS[self.rule.how](self).items() if math.isfinite(value)}
        if not self.rule.device:
            return found
        return {**_wholes(self.rule, found), **found}

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
        return self.mapper.groups(self.rule, samples, self.made)

    def grown(
        self, samples: list[Sample], part: str, *, filtered: bool = True
    ) -> dict[tuple[str, str], tuple[float, float]]:
        """(growth, growth per second) summed over the samples of each place; only of those with a reading before."""
        totals: dict[tuple[str, str], tuple[float, float]] = {}
        for place, ones in self.mapper.groups(self.rule, samples, self.made, filtered=filtered).items():
            for sample in ones:
                delta = self.mapper.growth(
                    (self.number, part), sample, at_s=self.at_s, epoch=self.epoch, jitters=self.rule.jitters
                )
                if delta is not None:
                    amount, rate = totals.get(place, (0.0, 0.0))
                    totals[place] = (amount + delta[0], rate + delta[0] / delta[1])
        return totals


def _wholes(rule: Rule, found: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """The resource from its devices; a part of a device counts only where the device itself says nothing."""
    devices = {place: value for place, value in found.items() if "/" not in place[1]}
    known = {(resource, device) for resource, device in devices}
    devices |= {
        (resource, device): value
        for (resource, device), value in found.items()
        if "/" in device and (resource, device.split("/")[0]) not in known
    }
    whole: dict[tuple[str, str], list[float]] = {}
    for (resource, _), value in devices.items():
        whole.setdefault((resource, ""), []).append(value)
    return {place: _over(rule.over, values) for place, values in whole.items()}


def _over(how: str, values: list[float]) -> float:
    if how == "avg":
        return sum(values) / len(values)
    return max(values) if how == "max" else min(values) if how == "min" else sum(values)


def _gauge(look: _Look) -> dict[tuple[str, str], float]:
    grouped = look.grouped([sample for sample in look.named(look.rule.families) if math.isfinite(sample.value)])
    return {p: look.rule.factor * _over(look.rule.over, [s.value for s in ones]) for p, ones in grouped.items()}


def _rate(look: _Look) -> dict[tuple[str, str], float]:
    grown = look.grown(look.named(look.rule.families), "rate")
    return {place: look.rule.factor * per_s for place, (_, per_s) in grown.items()}


def _share(look: _Look) -> dict[tuple[str, str], float]:
    """Growth of what the filters take, of the growth of everything in `of`, in percent.

    A part that is not there is unknown; only where its absence says so (no request has failed yet) is it zero.
    """
    part = look.grown(look.named(look.rule.families), "part")
    whole = look.grown(look.named(look.rule.of), "whole", filtered=False)
    if look.rule.absent_is_zero:
        part = {place: part.get(place, (0.0, 0.0)) for place in whole}
    return {p: 100 * part[p][0] / amount for p, (amount, _) in whole.items() if amount > 0 and p in part}


def _ratio(look: _Look) -> dict[tuple[str, str], float]:
    """Growth against growth: a mean."""
    part = look.grown(look.named(look.rule.families), "part")
    whole = look.grown(look.named(look.rule.of), "whole")
    return {p: look.rule.factor * part[p][0] / amount for p, (amount, _) in whole.items() if amount > 0 and p in part}


def _fill(look: _Look) -> dict[tuple[str, str], float]:
    """Used of everything in `of`, in percent; of a whole of which only the used part is told nothing is known."""
    part, whole = look.grouped(look.named(look.rule.families)), look.grouped(look.all_of(look.rule.of))
    needed = min(2, len(look.rule.of))
    told = {place: ones for place, ones in whole.items() if len({s.name for s in ones}) >= needed}
    sums = {place: sum(s.value for s in ones) for place, ones in told.items()}
    return {p: 100 * sum(s.value for s in part[p]) / total for p, total in sums.items() if total > 0 and p in part}


def _free(look: _Look) -> dict[tuple[str, str], float]:
    return {place: 100 - value for place, value in _fill(look).items()}


def _mean(look: _Look) -> dict[tuple[str, str], float]:
    """The mean of a histogram's or summary's observations."""
    family = next((name for name in look.rule.families if look.exposition.of(f"{name}_count")), None)
    if family is None:
        return {}
    sums = look.grown(look.exposition.of(f"{family}_sum"), "sum")
    counts = look.grown(look.exposition.of(f"{family}_count"), "count")
    return {p: look.rule.factor * sums[p][0] / n for p, (n, _) in counts.items() if n > 0 and p in sums}


def _quantile(look: _Look) -> dict[tuple[str, str], float]:
    """Growth of each bucket, summed over instances, before the quantile."""
    family = next((name for name in look.rule.families if look.exposition.of(f"{name}_bucket")), None)
    if family is None:
        return {}
    growth: dict[tuple[str, str], dict[float, float]] = {}
    for place, ones in look.grouped(look.exposition.of(f"{family}_bucket")).items():
        for sample in ones:
            key = (look.number, "bucket")
            delta = look.mapper.growth(key, sample, at_s=look.at_s, epoch=look.epoch, jitters=False)
            if delta is not None and "le" in sample.labels:
                bounds = growth.setdefault(place, {})
                bound = float(sample.labels["le"])
                bounds[bound] = bounds.get(bound, 0.0) + delta[0]
    found: dict[tuple[str, str], float] = {}
    for place, bounds in growth.items():
        if (told := quantile(bounds, look.rule.q)) is not None:
            found[place] = look.rule.factor * told.value
            if told.beyond:
                look.made.beyond.add(look.rule.metric)
    return found


def _days_until(look: _Look) -> dict[tuple[str, str], float]:
    samples = [s for s in look.named(look.rule.families) if math.isfinite(s.value) and s.value > 0]
    return {p: (min(s.value for s in ones) - look.wall_s) / _DAY_S for p, ones in look.grouped(samples).items()}


def _count(look: _Look) -> dict[tuple[str, str], float]:
    """How many different values the first label of `where` has (else how many samples there are)."""
    label = next(iter(look.rule.where), None)
    grouped = look.grouped(look.named(look.rule.families))
    found = {p: {s.labels.get(label, "") for s in ones} if label else ones for p, ones in grouped.items()}
    return {place: float(len(ones)) for place, ones in found.items()}


def _change(look: _Look) -> dict[tuple[str, str], float]:
    """A code at the moment it changes to another one; a code that stays says nothing new."""
    found: dict[tuple[str, str], float] = {}
    for (resource, device), ones in look.grouped(look.named(look.rule.families)).items():
        value = max(sample.value for sample in ones)
        if look.mapper.changed((look.rule.metric, resource, device), value):
            found[resource, device] = value
    return found


_HOWS: Final = MappingProxyType(
    {
        "gauge": _gauge,
        "rate": _rate,
        "share": _share,
        "ratio": _ratio,
        "fill": _fill,
        "free": _free,
        "mean": _mean,
        "quantile": _quantile,
        "days_until": _days_until,
        "count": _count,
        "change": _change,
    }
)


def _epoch(exposition: Exposition, family: str) -> object:
    """What tells a restart: boot time of a machine, start time of a process."""
    values = [sample.value for sample in exposition.of(family)] if family else []
    return round(max(values)) if values else None
