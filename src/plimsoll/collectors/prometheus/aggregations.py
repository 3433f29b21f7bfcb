"""How a rule makes one number from the samples of an exposition: a gauge, a rate, a share, a mean, a quantile."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from plimsoll.collectors.prometheus.fills import df, fill, free, of_limit
from plimsoll.collectors.prometheus.histograms import quantile
from plimsoll.collectors.prometheus.look import Read, RuleInput
from plimsoll.collectors.prometheus.mapping import Rule
from plimsoll.metrics import CATALOGUE

_DAY_S: Final = 86_400.0
JITTER: Final = 1.05


def values(look: RuleInput) -> dict[tuple[str, str], float]:
    """The rule's value for each resource and device; with devices also for the resource as a whole."""
    found = {place: value for place, value in HOWS[look.rule.how](look).items() if math.isfinite(value)}
    if not look.rule.device or not found:
        return found
    return {**_wholes(look.rule, found, look.made), **found}


def _wholes(rule: Rule, found: Mapping[tuple[str, str], float], made: Read) -> dict[tuple[str, str], float]:
    """The resource from its devices, and a device from its parts where it says nothing itself.

    A mean over parts is weighted by their compute slices; without one of them it is unknown.
    """
    parts = made.parts
    lacking = {(place[0], parts[place][0]) for place in made.partial if place in parts}
    devices = {place: value for place, value in found.items() if place not in parts}
    pieces: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for place, value in found.items():
        if place in parts and (place[0], parts[place][0]) not in devices:
            name, weight = parts[place]
            pieces.setdefault((place[0], name), []).append((value, weight))
    extreme = rule.over in ("max", "min")
    upper = {place: _over(rule.over, ones) for place, ones in pieces.items() if extreme or place not in lacking}
    whole: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for (resource, _), value in (devices | upper).items():
        whole.setdefault((resource, ""), []).append((value, 1.0))
    return {**{place: _over(rule.over, ones) for place, ones in whole.items()}, **upper}


def _over(how: str, values: list[tuple[float, float]]) -> float:
    """One value out of (value, weight)."""
    if how == "avg":
        return sum(value * weight for value, weight in values) / sum(weight for _, weight in values)
    plain = [value for value, _ in values]
    return max(plain) if how == "max" else min(plain) if how == "min" else sum(plain)


def _gauge(look: RuleInput) -> dict[tuple[str, str], float]:
    """Values as they are; one that cannot be is left out of a mean, and a sum that would have it is unknown."""
    rule, found = look.rule, dict[tuple[str, str], float]()
    low, high = can_be(rule.metric, device=True)
    samples = look.main()
    look.unknown([one for one in samples if not math.isfinite(one.value)])
    for place, ones in look.grouped([one for one in samples if math.isfinite(one.value)]).items():
        scaled = [rule.factor * one.value for one in ones]
        kept = [value for value in scaled if low <= value <= JITTER * high]
        whole = rule.over == "sum" and len(kept) < len(scaled)
        if rule.device and whole:
            kept = scaled  # refused as a device's value, where its resource's sum is refused with it
        else:
            look.made.dropped += len(scaled) - len(kept)
            kept = [] if whole else kept
        if kept:
            found[place] = _over(rule.over, [(value, 1.0) for value in kept])
    return found


def can_be(metric: str, *, device: bool) -> tuple[float, float]:
    """(lowest, highest) that a metric of a device, or of a resource as a whole, can be."""
    known = CATALOGUE.get(metric)
    if known is None:
        return -math.inf, math.inf
    high = known.high if device else known.most
    return -math.inf if known.low is None else known.low, math.inf if high is None else high


def _rate(look: RuleInput) -> dict[tuple[str, str], float]:
    rule = look.rule
    samples = look.main()
    if rule.sums and not samples:
        return {}
    grown = look.grown_together(rule.families, "rate") if rule.sums else look.grown(samples, "rate")
    return {place: look.rule.factor * per_s for place, (_, per_s) in grown.items()}


def _growth(look: RuleInput) -> dict[tuple[str, str], float]:
    """What a counter grew since the reading before: joules, errors."""
    grown = look.grown(look.main(), "growth")
    return {place: look.rule.factor * amount for place, (amount, _) in grown.items()}


def _bits(look: RuleInput) -> dict[tuple[str, str], float]:
    """100 where one of the rule's bits is set in a mask, 0 where none is: a mask is decoded, never averaged."""
    grouped = look.grouped([sample for sample in look.named(look.rule.families) if math.isfinite(sample.value)])
    return {p: 100.0 * any(int(s.value) & look.rule.bits for s in ones) for p, ones in grouped.items()}


def _share(look: RuleInput) -> dict[tuple[str, str], float]:
    """Growth of what the filters take, of the growth of everything in `of`, in percent.

    A part that is not there is unknown; only where its absence says so (no request has failed yet) is it zero.
    """
    samples, zero = look.main(), look.rule.absent_is_zero
    part = look.grown(samples, "part", from_zero=zero)
    whole = look.grown(look.named(look.rule.of), "whole", filtered=False)
    if zero and look.no_such_yet(samples):
        there = look.grouped(samples)  # what is there, and not yet known to grow, is not zero
        part |= {place: (0.0, 0.0) for place in whole if place not in there}
    return {p: 100 * part[p][0] / amount for p, (amount, _) in whole.items() if amount > 0 and p in part}


def _ratio(look: RuleInput) -> dict[tuple[str, str], float]:
    """Growth against growth: a mean, or a share of another family; what never was is none where the rule says so."""
    of, samples, zero = look.rule.of, look.named(look.rule.families), look.rule.absent_is_zero
    part = look.grown(samples, "part", from_zero=zero)
    if look.rule.sums:
        whole = look.grown_together(of, "whole") if look.complete(of, samples) else {}
    else:
        whole = look.grown(look.named(of), "whole")
        if samples and not look.named(of):
            look.lacks(of[0])
    if zero and look.no_such_yet(samples):
        there = look.grouped(samples)
        part |= {place: (0.0, 0.0) for place in whole if place not in there}
    return {p: look.rule.factor * part[p][0] / amount for p, (amount, _) in whole.items() if amount > 0 and p in part}


def _mean(look: RuleInput) -> dict[tuple[str, str], float]:
    """The mean of a histogram's or summary's observations."""
    family = next((name for name in look.rule.families if look.exposition.of(f"{name}_count")), None)
    if family is None:
        return {}
    sums = look.grown(look.exposition.of(f"{family}_sum"), "sum")
    counts = look.grown(look.exposition.of(f"{family}_count"), "count")
    return {p: look.rule.factor * sums[p][0] / n for p, (n, _) in counts.items() if n > 0 and p in sums}


def _quantile(look: RuleInput) -> dict[tuple[str, str], float]:
    """Growth of each bucket, summed over instances, before the quantile; without a last bucket the count is that."""
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
    _close(look, family, growth)
    for place, bounds in growth.items():
        if (estimate := quantile(bounds, look.rule.q)) is not None:
            found[place] = look.rule.factor * estimate.value
            if estimate.beyond:
                look.made.beyond.add(look.rule.metric)
    return found


def _close(look: RuleInput, family: str, growth: Mapping[tuple[str, str], dict[float, float]]) -> None:
    """Gives buckets without a last one the growth of their count as that."""
    if any(_bound(one.labels.get("le", "")) == math.inf for one in look.exposition.of(f"{family}_bucket")):
        return
    counts = look.grown(look.exposition.of(f"{family}_count"), "count")
    for place, bounds in growth.items():
        if place in counts:
            bounds.setdefault(math.inf, counts[place][0])


def _bound(text: str) -> float | None:
    """A bucket's upper bound; None where it is not a number."""
    try:
        bound = float(text)
    except ValueError:
        return None
    return None if math.isnan(bound) else bound


def _days_until(look: RuleInput) -> dict[tuple[str, str], float]:
    samples = [s for s in look.named(look.rule.families) if math.isfinite(s.value) and s.value > 0]
    return {p: (min(s.value for s in ones) - look.wall_s) / _DAY_S for p, ones in look.grouped(samples).items()}


def _count(look: RuleInput) -> dict[tuple[str, str], float]:
    """How many different values `label`, or the first label of `where`, has (else how many samples there are)."""
    label = look.rule.label or next(iter(look.rule.where), None)
    samples = look.main()
    grouped = look.grouped(samples)
    if look.rule.absent_is_zero and look.rule.metric not in look.made.lacking:
        grouped = {place: grouped.get(place, []) for place in look.places()} | grouped
    found = {p: {s.labels.get(label, "") for s in ones} if label else ones for p, ones in grouped.items()}
    return {place: float(len(ones)) for place, ones in found.items()}


def _change(look: RuleInput) -> dict[tuple[str, str], float]:
    """A code at the moment it changes to another one; a code that stays says nothing new."""
    found: dict[tuple[str, str], float] = {}
    for (resource, device), ones in look.grouped(look.named(look.rule.families)).items():
        value = max(sample.value for sample in ones)
        if look.counters.changed((look.rule.metric, resource, device), value):
            found[resource, device] = value
    return found


def _code(look: RuleInput) -> dict[tuple[str, str], float]:
    """The code in a label, when it is counted more often than at the reading before; of several the highest."""
    rule, found = look.rule, dict[tuple[str, str], float]()
    new = not look.made.first or rule.recent
    for (resource, device), ones in look.grouped(look.main()).items():
        for one in ones:
            code = _bound(one.labels.get(rule.label, ""))
            key = (rule.metric, resource, device, one.labels.get(rule.label, ""))
            more = look.counters.counted(key, one.value, otherwise=0.0 if new else one.value)
            if more < 0 and not rule.recent:
                more = one.value  # the exporter began anew: all that it counts now has happened since
            if code is not None and more > 0:
                found[resource, device] = max(found.get((resource, device), code), code)
    return found


HOWS: Final = MappingProxyType(
    {
        "gauge": _gauge,
        "rate": _rate,
        "growth": _growth,
        "bits": _bits,
        "share": _share,
        "ratio": _ratio,
        "fill": fill,
        "free": free,
        "of_limit": of_limit,
        "mean": _mean,
        "quantile": _quantile,
        "days_until": _days_until,
        "count": _count,
        "change": _change,
        "code": _code,
        "df": df,
    }
)
