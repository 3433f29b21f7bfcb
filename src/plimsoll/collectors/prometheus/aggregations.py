"""How a rule makes one number from the samples of an exposition: a gauge, a rate, a share, a mean, a quantile."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from plimsoll.collectors.prometheus.exposition import Exposition, Sample
from plimsoll.collectors.prometheus.histograms import quantile
from plimsoll.collectors.prometheus.mapping import Rule

_DAY_S: Final = 86_400.0
_NO_LIMIT: Final = 2.0**62
Values = dict[str, float]


@dataclass(slots=True)
class Read:
    """What one exposition gave: readings by (resource, device), facts and labels by resource, and what was left out."""

    readings: dict[tuple[str, str], Values] = field(default_factory=dict[tuple[str, str], Values])
    facts: dict[str, Values] = field(default_factory=dict[str, Values])
    labels: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    beyond: set[str] = field(default_factory=set[str])
    dropped: int = 0


class Counters(Protocol):
    """What a look needs of whoever keeps the counters between two expositions."""

    def groups(
        self, rule: Rule, samples: list[Sample], made: Read, *, filtered: bool = True
    ) -> dict[tuple[str, str], list[Sample]]:
        """Samples by (resource, device), as far as the rule takes them."""
        ...

    def growth(
        self, key: tuple[object, ...], sample: Sample, *, at_s: float, epoch: object, jitters: bool
    ) -> tuple[float, float] | None:
        """(growth, seconds) of a counter since its reading before."""
        ...

    def changed(self, key: tuple[str, str, str], value: float) -> bool:
        """Whether a code is another than the last one."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """One rule over one exposition."""

    counters: Counters
    number: int
    rule: Rule
    exposition: Exposition
    made: Read
    at_s: float
    wall_s: float
    epoch: object

    def values(self) -> dict[tuple[str, str], float]:
        """The rule's value for each resource and device; with devices also for the resource as a whole."""
        found = {place: value for place, value in HOWS[self.rule.how](self).items() if math.isfinite(value)}
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
        return self.counters.groups(self.rule, samples, self.made)

    def per_s(self, sample: Sample) -> float | None:
        """What a counter grew a second; None at its first reading."""
        delta = self.counters.growth(
            (self.number, "part"), sample, at_s=self.at_s, epoch=self.epoch, jitters=self.rule.jitters
        )
        return None if delta is None else delta[0] / delta[1]

    def grown(
        self, samples: list[Sample], part: str, *, filtered: bool = True
    ) -> dict[tuple[str, str], tuple[float, float]]:
        """(growth, growth per second) summed over the samples of each place; only of those with a reading before."""
        totals: dict[tuple[str, str], tuple[float, float]] = {}
        for place, ones in self.counters.groups(self.rule, samples, self.made, filtered=filtered).items():
            for sample in ones:
                delta = self.counters.growth(
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


def _gauge(look: Look) -> dict[tuple[str, str], float]:
    grouped = look.grouped([sample for sample in look.named(look.rule.families) if math.isfinite(sample.value)])
    return {p: look.rule.factor * _over(look.rule.over, [s.value for s in ones]) for p, ones in grouped.items()}


def _rate(look: Look) -> dict[tuple[str, str], float]:
    grown = look.grown(look.named(look.rule.families), "rate")
    return {place: look.rule.factor * per_s for place, (_, per_s) in grown.items()}


def _growth(look: Look) -> dict[tuple[str, str], float]:
    """What a counter grew since the reading before: joules, errors."""
    grown = look.grown(look.named(look.rule.families), "growth")
    return {place: look.rule.factor * amount for place, (amount, _) in grown.items()}


def _bits(look: Look) -> dict[tuple[str, str], float]:
    """100 where one of the rule's bits is set in a mask, 0 where none is: a mask is decoded, never averaged."""
    grouped = look.grouped([sample for sample in look.named(look.rule.families) if math.isfinite(sample.value)])
    return {p: 100.0 * any(int(s.value) & look.rule.bits for s in ones) for p, ones in grouped.items()}


def _share(look: Look) -> dict[tuple[str, str], float]:
    """Growth of what the filters take, of the growth of everything in `of`, in percent.

    A part that is not there is unknown; only where its absence says so (no request has failed yet) is it zero.
    """
    part = look.grown(look.named(look.rule.families), "part")
    whole = look.grown(look.named(look.rule.of), "whole", filtered=False)
    if look.rule.absent_is_zero:
        part = {place: part.get(place, (0.0, 0.0)) for place in whole}
    return {p: 100 * part[p][0] / amount for p, (amount, _) in whole.items() if amount > 0 and p in part}


def _ratio(look: Look) -> dict[tuple[str, str], float]:
    """Growth against growth: a mean."""
    part = look.grown(look.named(look.rule.families), "part")
    whole = look.grown(look.named(look.rule.of), "whole")
    return {p: look.rule.factor * part[p][0] / amount for p, (amount, _) in whole.items() if amount > 0 and p in part}


def _fill(look: Look) -> dict[tuple[str, str], float]:
    """Used of everything in `of`, in percent; of a whole of which only the used part is told nothing is known."""
    part, whole = look.grouped(look.named(look.rule.families)), look.grouped(look.all_of(look.rule.of))
    needed = min(2, len(look.rule.of))
    told = {place: ones for place, ones in whole.items() if len({s.name for s in ones}) >= needed}
    sums = {place: sum(s.value for s in ones) for place, ones in told.items()}
    return {p: 100 * sum(s.value for s in part[p]) / total for p, total in sums.items() if total > 0 and p in part}


def _free(look: Look) -> dict[tuple[str, str], float]:
    return {place: 100 - value for place, value in _fill(look).items()}


def _of_limit(look: Look) -> dict[tuple[str, str], float]:
    """Used of what is allowed, in percent, over the parts that have a limit; `of` is the limit, or quota and period.

    Counters are taken by what they grew a second. No limit (0, -1, or more than 2^62) is no denominator.
    """
    limits = _limits(look)
    shapes = {frozenset(label for label, _ in key) for key in limits}
    used: dict[tuple[str, str], dict[frozenset[tuple[str, str]], float]] = {}
    for place, ones in look.grouped(look.named(look.rule.families)).items():
        for sample in ones:
            keys = (frozenset((k, v) for k, v in sample.labels.items() if k in shape) for shape in shapes)
            key = next((key for key in keys if key in limits), None)
            value = look.per_s(sample) if sample.name.endswith("_total") else sample.value
            if key is not None and value is not None:
                parts = used.setdefault(place, {})
                parts[key] = parts.get(key, 0.0) + value
    return {
        place: 100 * sum(parts.values()) / sum(limits[key] for key in parts) for place, parts in used.items() if parts
    }


def _limits(look: Look) -> dict[frozenset[tuple[str, str]], float]:
    """Labels of a part -> its limit."""
    first, *more = (
        {frozenset(sample.labels.items()): sample.value for sample in look.exposition.of(name)} for name in look.rule.of
    )
    periods = more[0] if more else dict.fromkeys(first, 1.0)
    return {
        key: value / periods[key] for key, value in first.items() if 0 < value < _NO_LIMIT and periods.get(key, 0.0) > 0
    }


def _mean(look: Look) -> dict[tuple[str, str], float]:
    """The mean of a histogram's or summary's observations."""
    family = next((name for name in look.rule.families if look.exposition.of(f"{name}_count")), None)
    if family is None:
        return {}
    sums = look.grown(look.exposition.of(f"{family}_sum"), "sum")
    counts = look.grown(look.exposition.of(f"{family}_count"), "count")
    return {p: look.rule.factor * sums[p][0] / n for p, (n, _) in counts.items() if n > 0 and p in sums}


def _quantile(look: Look) -> dict[tuple[str, str], float]:
    """Growth of each bucket, summed over instances, before the quantile."""
    family = next((name for name in look.rule.families if look.exposition.of(f"{name}_bucket")), None)
    if family is None:
        return {}
    growth: dict[tuple[str, str], dict[float, float]] = {}
    for place, ones in look.grouped(look.exposition.of(f"{family}_bucket")).items():
        for sample in ones:
            key = (look.number, "bucket")
            delta = look.counters.growth(key, sample, at_s=look.at_s, epoch=look.epoch, jitters=False)
            bound = _bound(sample.labels.get("le", ""))
            if delta is not None and bound is not None:
                bounds = growth.setdefault(place, {})
                bounds[bound] = bounds.get(bound, 0.0) + delta[0]
    found: dict[tuple[str, str], float] = {}
    for place, bounds in growth.items():
        if (told := quantile(bounds, look.rule.q)) is not None:
            found[place] = look.rule.factor * told.value
            if told.beyond:
                look.made.beyond.add(look.rule.metric)
    return found


def _bound(text: str) -> float | None:
    """A bucket's upper bound; None where it is no number."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


def _days_until(look: Look) -> dict[tuple[str, str], float]:
    samples = [s for s in look.named(look.rule.families) if math.isfinite(s.value) and s.value > 0]
    return {p: (min(s.value for s in ones) - look.wall_s) / _DAY_S for p, ones in look.grouped(samples).items()}


def _count(look: Look) -> dict[tuple[str, str], float]:
    """How many different values the first label of `where` has (else how many samples there are)."""
    label = next(iter(look.rule.where), None)
    grouped = look.grouped(look.named(look.rule.families))
    found = {p: {s.labels.get(label, "") for s in ones} if label else ones for p, ones in grouped.items()}
    return {place: float(len(ones)) for place, ones in found.items()}


def _change(look: Look) -> dict[tuple[str, str], float]:
    """A code at the moment it changes to another one; a code that stays says nothing new."""
    found: dict[tuple[str, str], float] = {}
    for (resource, device), ones in look.grouped(look.named(look.rule.families)).items():
        value = max(sample.value for sample in ones)
        if look.counters.changed((look.rule.metric, resource, device), value):
            found[resource, device] = value
    return found


HOWS: Final = MappingProxyType(
    {
        "gauge": _gauge,
        "rate": _rate,
        "growth": _growth,
        "bits": _bits,
        "share": _share,
        "ratio": _ratio,
        "fill": _fill,
        "free": _free,
        "of_limit": _of_limit,
        "mean": _mean,
        "quantile": _quantile,
        "days_until": _days_until,
        "count": _count,
        "change": _change,
    }
)
