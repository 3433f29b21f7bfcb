"""How full a thing is: used of a whole, not free of a whole, used of a limit, and as df says it."""

from collections.abc import Mapping, Sequence
from typing import Final

from plimsoll.collectors.prometheus.exposition import Sample
from plimsoll.collectors.prometheus.look import RuleInput
from plimsoll.collectors.prometheus.mapping import stem

_NO_LIMIT: Final = 2.0**62


def fill(look: RuleInput) -> dict[tuple[str, str], float]:
    """Used / total in percent; `of` are the parts of the total. No value if a part is not exported.

    A device out of its parts, and a resource out of its devices, are sums over sums: larger ones weigh more.
    """
    main, rule = look.named(look.rule.families), look.rule
    if not look.complete(rule.of, main):
        return {}
    part, whole = look.grouped(main), look.grouped(look.all_of((*rule.of, *rule.also_of)))
    complete = {place: ones for place, ones in whole.items() if len(_needed(ones, rule.of)) == len(rule.of)}
    sums = {
        place: (sum(s.value for s in part[place]), sum(s.value for s in ones))
        for place, ones in complete.items()
        if place in part
    }
    if rule.device and rule.over in ("sum", "avg"):
        sums = _summed(sums, look.made.parts)
    return {place: 100 * used / total for place, (used, total) in sums.items() if total > 0}


def _needed(samples: list[Sample], names: tuple[str, ...]) -> set[str]:
    there = {stem(one.name) for one in samples}
    return {name for name in names if stem(name) in there}


def _summed(
    sums: Mapping[tuple[str, str], tuple[float, float]], parts: Mapping[tuple[str, str], tuple[str, float]]
) -> dict[tuple[str, str], tuple[float, float]]:
    made = dict(sums)
    for level in (parts, None):
        upper: dict[tuple[str, str], tuple[float, float]] = {}
        for place, (used, total) in made.items():
            if level is None and place not in parts:
                above = (place[0], "")
            elif level is not None and place in parts and (place[0], parts[place][0]) not in sums:
                above = (place[0], parts[place][0])
            else:
                continue
            before = upper.get(above, (0.0, 0.0))
            upper[above] = (before[0] + used, before[1] + total)
        made |= upper
    return made


def df(look: RuleInput) -> dict[tuple[str, str], float]:
    """Used of what users can have, as df says it: what is kept for root is neither."""
    main = look.main()
    if not look.complete(look.rule.of, main):
        return {}
    size, free, available = (
        {place: sum(one.value for one in ones) for place, ones in look.grouped(look.left(look.named((name,)))).items()}
        for name in look.rule.of
    )
    found: dict[tuple[str, str], float] = {}
    for place in size.keys() & free.keys() & available.keys():
        used = size[place] - free[place]
        if used >= 0 and used + available[place] > 0:
            found[place] = 100 * used / (used + available[place])
    return found


def free(look: RuleInput) -> dict[tuple[str, str], float]:
    """What is not free, in percent."""
    return {place: 100 - value for place, value in fill(look).items()}


def of_limit(look: RuleInput) -> dict[tuple[str, str], float]:
    """Used of what is allowed, in percent, over the parts that have a limit; `of` is the limit, or quota and period.

    Counters are taken by what they grew a second. No limit (0, -1, or more than 2^62) is not a denominator. A part and
    its limit are known by the labels that both families have; where no part finds a limit so, that is noted.
    """
    families = [look.exposition.of(name) for name in look.rule.of]
    counts = any(name.endswith("_total") for name in look.rule.families)  # whatever the exporter calls it
    grouped = look.grouped(look.named(look.rule.families))
    everything = [one for ones in grouped.values() for one in ones]
    if not everything or not look.complete(look.rule.of, everything):
        return {}
    names = _common([everything, *families])
    limits = _limits(families, names)
    used: dict[tuple[str, str], dict[_Part, float]] = {}
    for place, ones in grouped.items():
        for sample in ones:
            key = _part(sample, names)
            value = look.per_s(sample) if counts else sample.value
            if key in limits and value is not None:
                parts = used.setdefault(place, {})
                parts[key] = parts.get(key, 0.0) + value
    if limits and not any(_part(one, names) in limits for one in everything):
        look.made.uncounted = (*look.made.uncounted, everything[0].name)
    return {
        place: 100 * sum(parts.values()) / sum(limits[key] for key in parts) for place, parts in used.items() if parts
    }


_Part = tuple[str, ...]


def _part(sample: Sample, names: tuple[str, ...]) -> _Part:
    return tuple(sample.labels.get(name, "") for name in names)


def _common(families: Sequence[Sequence[Sample]]) -> tuple[str, ...]:
    """The labels that every family has, in any of its samples."""
    having = [{label for one in ones for label in one.labels} for ones in families]
    return tuple(sorted(set[str].intersection(*having)))


def _limits(families: Sequence[Sequence[Sample]], names: tuple[str, ...]) -> dict[_Part, float]:
    """A part -> its limit; two limits of one part, that differ, are none."""
    first, *more = (_values(ones, names) for ones in families)
    periods = more[0] if more else dict.fromkeys(first, 1.0)
    return {
        key: value / periods[key] for key, value in first.items() if 0 < value < _NO_LIMIT and periods.get(key, 0.0) > 0
    }


def _values(samples: Sequence[Sample], names: tuple[str, ...]) -> dict[_Part, float]:
    found: dict[_Part, float] = {}
    for one in samples:
        key = _part(one, names)
        found[key] = one.value if found.get(key, one.value) == one.value else 0.0
    return found
