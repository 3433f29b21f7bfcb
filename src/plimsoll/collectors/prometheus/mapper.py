"""The mapper: one target's expositions, one after the other -> readings in the catalogue's metrics."""

from collections.abc import Callable, Mapping
from typing import Final

from plimsoll.collectors.prometheus.aggregations import Look, Read
from plimsoll.collectors.prometheus.exposition import Exposition, Sample
from plimsoll.collectors.prometheus.mapping import Mapping as Table
from plimsoll.collectors.prometheus.mapping import Rule
from plimsoll.collectors.rates import Rates
from plimsoll.metrics import CATALOGUE

_FORGET_INTERVALS: Final = 10
_JITTER: Final = 1.05


class Mapper:
    """Keeps the counters of one target between two expositions. `resource_of` names the resource of a sample."""

    def __init__(
        self,
        table: Table,
        *,
        interval_s: float,
        resource_of: Callable[[Mapping[str, str]], str | None],
        keeps: frozenset[str] = frozenset(),
    ) -> None:
        """`keeps` are the labels whose values a resource's facts are made from."""
        self._keeps = keeps
        self._table = table
        self._resource_of = resource_of
        self._interval_s = interval_s
        self._rates = Rates(interval_s=interval_s)
        self._last_codes: dict[tuple[str, str, str], float] = {}

    @property
    def series(self) -> int:
        """How many counters are remembered."""
        return len(self._rates)

    @property
    def rates(self) -> Rates:
        """The counters that are remembered between two expositions."""
        return self._rates

    def read(self, exposition: Exposition, *, at_s: float, wall_s: float) -> Read:
        """The readings of one exposition; `at_s` says when it was read on the monotonic hand, `wall_s` on the wall."""
        made = Read()
        made.dropped += exposition.keep_timely(wall_s)
        epoch = _epoch(exposition, self._table.epoch)
        for number, rule in enumerate(self._table.rules):
            if rule.only_if and not any(sample.value > 0 for sample in exposition.of(rule.only_if)):
                continue
            look = Look(self, number, rule, exposition, made, at_s=at_s, wall_s=wall_s, epoch=epoch)
            for (resource, device), value in look.values().items():
                self._note(made, rule, resource, device, value)
        self._rates.forget(at_s - _FORGET_INTERVALS * max(self._interval_s, 30.0))
        return made

    def _note(self, made: Read, rule: Rule, resource: str, device: str, value: float) -> None:
        if rule.metric not in CATALOGUE:
            made.facts.setdefault(resource, {})[rule.metric] = value
            return
        metric = CATALOGUE[rule.metric]
        high = metric.high if device else metric.most
        if high is not None and high < value <= _JITTER * high:
            value = high  # two clocks that differ a little, not a wrong reading
        if (metric.low is not None and value < metric.low) or (high is not None and value > high):
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
            if blank is not None and rule.how in ("gauge", "bits", "fill", "free", "change") and sample.value >= blank:
                made.dropped += 1
                continue
            resource = self._resource_of(sample.labels)
            if resource is not None:
                for label in self._keeps & sample.labels.keys():
                    made.labels.setdefault(resource, {}).setdefault(label, sample.labels[label])
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


def _epoch(exposition: Exposition, family: str) -> object:
    """What tells a restart: boot time of a machine, start time of a process."""
    values = [sample.value for sample in exposition.of(family)] if family else []
    return round(max(values)) if values else None
