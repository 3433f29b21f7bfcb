"""The mapper: one target's expositions, one after the other -> readings in the catalogue's metrics."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from plimsoll.collectors.prometheus import renames
from plimsoll.collectors.prometheus.aggregations import JITTER, can_be, values
from plimsoll.collectors.prometheus.exposition import Exposition, Sample
from plimsoll.collectors.prometheus.identity import Identity
from plimsoll.collectors.prometheus.look import Read, RuleInput
from plimsoll.collectors.prometheus.mapping import Join, Rule, stem
from plimsoll.collectors.prometheus.mapping import Mapping as Table
from plimsoll.collectors.rates import Rates
from plimsoll.metrics import CATALOGUE
from plimsoll.units import Unit

_FORGET_INTERVALS: Final = 10
_MOST_CODES: Final = 20_000
"""Codes that are remembered, those seen last; a restart of the exporter makes no old code a new one."""
_WIDE: Final = 2.0**53
_USED: Final = frozenset({Unit.WATTS, Unit.JOULES, Unit.BYTES, Unit.BYTES_PER_SECOND, Unit.BITS_PER_SECOND})
_PARTS: Final = frozenset(
    {"rate", "growth", "share", "ratio", "mean", "quantile", "fill", "free", "of_limit", "df", "count"}
)
"""How values are made that are others as soon as a part is not known."""


class Mapper:
    """Keeps the counters of one target between two expositions. `resource_of` names the resource of a sample."""

    def __init__(
        self,
        table: Table,
        *,
        interval_s: float,
        resource_of: Callable[[Mapping[str, str]], str | None],
        keeps: frozenset[str] = frozenset(),
        apart: frozenset[str] = frozenset(),
        copies: frozenset[str] = frozenset(),
    ) -> None:
        """Labels: facts are made from `keeps`, a resource is named by `apart`; replicas of a server mark `copies`."""
        self._keeps = keeps
        self._table = table
        self._identity = Identity(table, apart=apart, copies=copies)
        self._resource_of = resource_of
        self._interval_s = interval_s
        self._rates = Rates(interval_s=interval_s)
        self._last_codes: dict[tuple[str, ...], float] = {}
        self._series: dict[tuple[object, ...], frozenset[object]] = {}
        self._seen: set[str] = set()
        self._before: set[str] = set()
        self._only: str | None = None
        self._host = ""
        self._devices = frozenset(name for rule in table.rules if rule.device for name in rule.own)

    @property
    def series(self) -> int:
        """How many counters are remembered."""
        return len(self._rates)

    @property
    def codes(self) -> int:
        """How many codes are remembered."""
        return len(self._last_codes)

    @property
    def rates(self) -> Rates:
        """The counters that are remembered between two expositions."""
        return self._rates

    def read(self, exposition: Exposition, *, at_s: float, wall_s: float) -> Read:
        """The readings of one exposition; `at_s` says when it was read on the monotonic hand, `wall_s` on the wall."""
        made = Read(first=not self._seen)
        made.dropped += exposition.keep_timely(wall_s)
        made.refused = exposition.refused
        exposition = self._identity.once(exposition)
        made.torn, made.repeated = self._identity.torn, self._identity.repeated
        made.uncounted = self._identity.uncounted
        there = {stem(name) for name, ones in exposition.samples.items() if ones}
        made.vanished = tuple(sorted(self._seen - there))
        made.missing = self._missing(there)
        made.replaced = renames.replaced(made.missing, frozenset(stem(name) for name in exposition.unread))
        self._seen |= there
        damaged = frozenset(stem(name) for name in exposition.damaged)
        self._host = self._identity.host_label(exposition, self._devices)
        if any(rule.shared for rule in self._table.rules):
            self._only = self._only_resource(exposition)
        epoch = _epoch(exposition, self._table.epoch)
        for number, rule in enumerate(self._table.rules):
            if rule.only_if and not any(sample.value > 0 for sample in exposition.of(rule.only_if)):
                continue
            look = RuleInput(self, number, rule, exposition, made, at_s=at_s, wall_s=wall_s, epoch=epoch)
            made.partial.clear()
            found = values(look)
            if not damaged.isdisjoint(rule.reads):
                made.partial |= self._damaged(look, found)
            for place in _without_a_part(rule, found, made):
                found.pop(place, None)
                made.parted.add(rule.metric)
            for place in _unknown_sums(rule, found):
                made.dropped += place[1] != ""
                found.pop(place, None)
            for (resource, device), value in found.items():
                self._note(made, rule, resource, device, value)
        known = {metric for values in made.readings.values() for metric in values}
        made.lost = tuple(sorted(self._before - known))
        self._before = known
        made.parted -= {metric for (_, device), values in made.readings.items() if not device for metric in values}
        made.lacking = {metric: family for metric, family in made.lacking.items() if metric not in known}
        made.dropped += len(self._rates.implausible())
        while len(self._last_codes) > _MOST_CODES:
            del self._last_codes[next(iter(self._last_codes))]
        self._rates.forget(at_s - _FORGET_INTERVALS * max(self._interval_s, 30.0))
        return made

    def _missing(self, there: set[str]) -> frozenset[str]:
        """Families of rules that none of their aliases can be read by."""
        lacking = [rule for rule in self._table.rules if not any(stem(name) in there for name in rule.families)]
        return frozenset(stem(name) for rule in lacking for name in rule.families)

    def _only_resource(self, exposition: Exposition) -> str | None:
        """The resource of the whole server, if its samples name exactly one."""
        named = {self._resource_of(one.labels) for ones in exposition.samples.values() for one in ones} - {None}
        return named.pop() if len(named) == 1 else None

    def _note(self, made: Read, rule: Rule, resource: str, device: str, value: float) -> None:
        if rule.remark:
            made.remarks.append(rule.remark.format(value=f"{value:g}"))
            return
        if rule.metric not in CATALOGUE:
            if not device:
                made.facts.setdefault(resource, {})[rule.metric] = value
            return
        low, high = can_be(rule.metric, device=bool(device))
        if high < value <= JITTER * high:
            value = high  # two clocks that differ a little, not a wrong reading
        if not low <= value <= high:
            made.dropped += 1
            return
        made.readings.setdefault((resource, device), {}).setdefault(rule.metric, value)

    def groups(
        self, rule: Rule, samples: list[Sample], made: Read, *, filtered: bool = True
    ) -> dict[tuple[str, str], list[Sample]]:
        """Samples by (resource, device) as far as the rule takes them; blanks are dropped and counted."""
        found: dict[tuple[str, str], list[Sample]] = {}
        if filtered and samples and not _labeled(rule, samples, made):
            return found
        for sample in samples:
            labels = sample.labels
            if (filtered and not rule.takes(labels)) or (rule.aside and rule.leaves(labels)):
                continue
            if label := self._nowhere(rule, labels):
                place = (stem(sample.name), label)
                made.unlabeled[place] = made.unlabeled.get(place, 0) + 1
                continue
            resource = self._resource_of(labels) or (self._only if rule.shared else None)
            if self._blank(rule, sample.value):
                made.dropped += 1
                if resource is not None and sample.value not in self._table.unsupported:
                    made.partial.add((resource, self._device(rule, labels, resource, made)))
                continue
            if resource is None:
                made.nameless.add(stem(sample.name))
                continue
            made.found += 1
            for label in self._keeps & labels.keys():
                made.labels.setdefault(resource, {}).setdefault(label, labels[label])
            found.setdefault((resource, self._device(rule, labels, resource, made)), []).append(sample)
        if rule.device and self._identity.apart and self._identity.table.identity.things:
            self._shared(rule, found, made)
        return found

    def _shared(self, rule: Rule, found: Mapping[tuple[str, str], list[Sample]], made: Read) -> None:
        """Notes devices that several resources have: what such a one uses is of none of them alone."""
        known = CATALOGUE.get(rule.metric)
        if known is None or known.unit not in _USED:
            return
        holders: dict[object, set[tuple[str, str]]] = {}
        for place, ones in found.items():
            for one in ones:
                part = one.labels.get(self._table.part, "")
                holders.setdefault((one.key[:1], part), set()).add(place)
        for places in holders.values():
            if len({resource for resource, _ in places}) > 1:
                made.partial |= places
                made.shared |= {device for _, device in places}

    def _damaged(self, look: RuleInput, found: Mapping[tuple[str, str], float]) -> set[tuple[str, str]]:
        """Where a sample may be missing that the answer had: every sum, for nothing says whose sample it was."""
        if not look.rule.device:
            return set(found)
        several = self.groups(look.rule, look.main(), Read())
        parts = {
            (resource, look.made.parts[resource, device][0]) for resource, device in found.keys() & look.made.parts
        }
        return {(resource, "") for resource, _ in found} | {p for p, ones in several.items() if len(ones) > 1} | parts

    def joined(self, join: Join, exposition: Exposition) -> frozenset[tuple[str, ...]] | None:
        """The keys that the joined family has above zero; None where it is not there at all."""
        samples = exposition.of(join.family)
        if not samples:
            return None
        return frozenset(
            join.key(one.labels)
            for one in samples
            if one.value > 0 and all(pattern.fullmatch(one.labels.get(name, "")) for name, pattern in join.matchers)
        )

    def _nowhere(self, rule: Rule, labels: Mapping[str, str]) -> str:
        """The label without which it is not known which device, or which part of one, a sample tells of."""
        if rule.device and not labels.get(rule.device):
            return rule.device
        part, slices = self._table.part, self._table.identity.slices
        if not (part and slices) or rule.parts != "own" or bool(labels.get(part)) == bool(labels.get(slices)):
            return ""
        return slices if labels.get(part) else part

    def _blank(self, rule: Rule, value: float) -> bool:
        """Whether the value is one by which this exporter says "not measured"; compared exactly, never by size."""
        if value not in self._table.blanks:
            return False
        counters = rule.wide or rule.how not in ("gauge", "bits", "fill", "free", "change")
        return value >= _WIDE if counters else True

    def _device(self, rule: Rule, labels: Mapping[str, str], resource: str, made: Read) -> str:
        """`gpu0`, and `gpu0/7` for a part of it."""
        if not rule.device:
            return ""
        given = labels.get(rule.device, "")
        part = labels.get(self._table.part, "") if self._table.part else ""
        name = given if given.startswith(self._table.device_prefix) else f"{self._table.device_prefix}{given}"
        if self._host and (host := labels.get(self._host)):
            name = f"{host}:{name}"
        if not part:
            return name
        device = f"{name}/{part}"
        made.parts[resource, device] = (name, _slices(labels.get(self._table.identity.slices, "")))
        return device

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
        """(growth, seconds) of a counter since its reading before; None, too, for more than it can grow."""
        series = (*key, sample.name.removesuffix("_total"), sample.key)
        delta = self._rates.delta(
            series, sample.value, at_s=sample.at_s or at_s, epoch=epoch, jitters=jitters, most_per_s=most_per_s
        )
        return None if delta is None else (delta.amount, delta.seconds)

    @property
    def doubts(self) -> int:
        """How many counters of this exposition grew by more than they can."""
        return self._rates.doubts

    def changed(self, key: tuple[str, str, str], value: float) -> bool:
        """Whether a code is another than the last one; the first is known, not new."""
        before = self._last_codes.pop(key, None)
        self._last_codes[key] = value
        return before is not None and value not in {before, 0}

    def only_more(self, part: tuple[object, ...], series: frozenset[object]) -> bool:
        """Whether every series that a part of a rule had at the reading before is still there."""
        before, self._series[part] = self._series.get(part), series
        return before is not None and before <= series

    def counted(self, key: tuple[str, ...], value: float, *, otherwise: float) -> float:
        """How much more a code is counted now than at the reading before; `otherwise` is what it was at the first."""
        before = self._last_codes.pop(key, otherwise)
        self._last_codes[key] = value
        return value - before

    @property
    def counted_codes(self) -> list[tuple[list[str], float]]:
        """Codes and how often they were counted, for the next run."""
        return [(list(key), value) for key, value in self._last_codes.items()]

    def recall_codes(self, codes: Iterable[tuple[Iterable[str], float]]) -> None:
        """Takes up codes of the run before: what was counted meanwhile is new."""
        for key, value in codes:
            self._last_codes.setdefault(tuple(key), value)


def _without_a_part(rule: Rule, found: Mapping[tuple[str, str], float], made: Read) -> set[tuple[str, str]]:
    """Values that are sums of which a part is not known: such a one is not known either."""
    known = CATALOGUE.get(rule.metric)
    adds_up = known is not None and known.adds_up
    if not made.partial or not (adds_up if rule.device else rule.how in _PARTS or rule.over == "sum"):
        return set()
    above = {(place[0], made.parts[place][0]) for place in made.partial if place in made.parts}
    gone = made.partial | above | {(resource, "") for resource, _ in made.partial}
    return gone & found.keys()


def _unknown_sums(rule: Rule, found: Mapping[tuple[str, str], float]) -> set[tuple[str, str]]:
    """Devices whose value cannot be, and the resources of which they would be a part: such a sum is unknown."""
    if not rule.device or rule.metric not in CATALOGUE:
        return set()
    low, high = can_be(rule.metric, device=True)
    refused = {place for place, value in found.items() if place[1] and not low <= value <= JITTER * high}
    wholes = {(resource, "") for resource, _ in refused} if CATALOGUE[rule.metric].adds_up else set[tuple[str, str]]()
    return refused | wholes


def _labeled(rule: Rule, samples: list[Sample], made: Read) -> bool:
    """Whether the samples have the labels that the rule looks at; what is missing is noted.

    Families of which the rule's own are a part need none of them.
    """
    if stem(samples[0].name) not in rule.own:
        return True
    if label := _lacking(rule, samples):
        made.unlabeled[stem(samples[0].name), label] = len(samples)
        return False
    for label in rule.unless:
        if not any(label in one.labels for one in samples):  # what it would leave out is counted
            made.unlabeled[stem(samples[0].name), label] = len(samples)
    return True


def _lacking(rule: Rule, samples: list[Sample]) -> str:
    """A label that the rule looks at and that no sample has; empty where all of them are there."""
    return next((name for name in rule.needed if not any(one.labels.get(name) for one in samples)), "")


def _slices(profile: str) -> float:
    """The weight of a part: its compute slices.

    >>> _slices("3g.40gb"), _slices("1g.10gb+me"), _slices("")
    (3.0, 1.0, 1.0)
    """
    digits = profile.split("g", 1)[0].rpartition(".")[2]
    return float(digits) if digits.isdigit() and float(digits) > 0 else 1.0


def _epoch(exposition: Exposition, family: str) -> object:
    """What tells a restart: boot time of a machine, start time of a process."""
    values = [sample.value for sample in exposition.of(family)] if family else []
    return round(max(values)) if values else None
