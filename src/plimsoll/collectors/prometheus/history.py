"""A Prometheus server as a source of history: raw samples, window by window, oldest first.

Raw samples (an instant query of `family{selector}[window]`), not range steps: a step repeats a value for five minutes
after its target has died, and a rate that somebody else has extrapolated cannot be checked.
"""

import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from urllib.parse import urlencode

import httpx2

from plimsoll.collectors.contract import Row
from plimsoll.collectors.prometheus import fetch
from plimsoll.collectors.prometheus.exposition import Exposition, Sample
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.identity import merged
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import Mapping as Table
from plimsoll.collectors.prometheus.naming import ResourceIdTemplate
from plimsoll.collectors.prometheus.settings import Server
from plimsoll.errors import PlimsollError, TemporaryError, shown

_DEADLINE_S: Final = 60.0
_SHORTEST: Final = timedelta(seconds=60)
_FINAL: Final = ("401", "403", "404")


@dataclass(frozen=True, slots=True)
class Window:
    """What one window gave: rows of `samples` and `resources`, and what the server warned of."""

    start: datetime
    end: datetime
    samples: list[Row]
    resources: list[Row]
    warnings: Sequence[str]


@dataclass(slots=True)
class History:
    """Reads a server's history; the counters are remembered from window to window."""

    name: str
    server: Server
    table: Table
    credentials: Mapping[str, Any]
    client: httpx2.Client = field(init=False)
    _mappers: dict[str, Mapper] = field(default_factory=dict[str, Mapper])
    _known: set[str] = field(default_factory=set[str])
    _owners: dict[str, str] = field(default_factory=dict[str, str])
    _asked: float = 0.0

    def __post_init__(self) -> None:
        self.client = fetch.client(ca=self.server.ca)

    def close(self) -> None:
        """Closes the connections."""
        self.client.close()

    def windows(self, start: datetime, end: datetime) -> Generator[Window]:
        """[start, end), oldest first. One window before it is read too, so that the first counter has a rate."""
        length = timedelta(seconds=self.server.window)
        names = self._names(start - length, end)
        if not names:
            raise PlimsollError(f"backfill {self.name}: no family of the mapping {self.server.mapping} is there")
        at = start - length
        while at < end:
            until = min(at + length, start if at < start else end)
            window = self._window(names, at, until)
            if at >= start:
                yield window
            else:
                self._known.clear()  # what was learned of resources before the start is given with the first window
            at = until

    def _window(self, names: Sequence[str], start: datetime, end: datetime) -> Window:
        warnings: set[str] = set()
        moments: dict[tuple[int, str], Exposition] = {}
        for name in names:
            for labels, values in self._histories(name, start, end, warnings):
                for at_s, text in values:
                    key = (round(1000 * at_s), labels.get("instance", ""))
                    sample = Sample(name, labels, float(text), at_s)
                    moments.setdefault(key, Exposition()).samples.setdefault(name, []).append(sample)
        samples: list[Row] = []
        resources: list[Row] = []
        for (at_ms, instance), exposition in sorted(moments.items()):
            self._read(exposition, at_ms, instance, samples, resources, warnings)
        return Window(start, end, samples, resources, sorted(warnings))

    def _histories(
        self, name: str, start: datetime, end: datetime, warnings: set[str]
    ) -> Iterator[tuple[dict[str, str], list[tuple[float, str]]]]:
        """Each series with its raw samples; what replicas of the server tell of one series is one history."""
        marks = frozenset(self.server.replica_labels) - self.table.kept
        found: dict[tuple[tuple[str, str], ...], list[list[tuple[float, str]]]] = {}
        for series in self._series(name, start, end, warnings):
            if "values" not in series:
                warnings.add(f"{name}: native histograms were left out")
                continue
            labels = {key: str(value) for key, value in series["metric"].items() if key not in marks | {"__name__"}}
            values = [(float(at_s), str(text)) for at_s, text in series["values"]]
            found.setdefault(tuple(sorted(labels.items())), []).append(values)
        for labeled, replicas in found.items():
            yield dict(labeled), replicas[0] if len(replicas) == 1 else merged(replicas, self.server.step)

    def _mapper(self, instance: str) -> Mapper:
        if instance not in self._mappers:
            namer = ResourceIdTemplate(self.name, instance, self.server.resource)
            self._mappers[instance] = Mapper(
                self.table, interval_s=self.server.step, resource_of=namer, apart=namer.labels
            )
        return self._mappers[instance]

    def _read(
        self,
        exposition: Exposition,
        at_ms: int,
        instance: str,
        samples: list[Row],
        resources: list[Row],
        warnings: set[str],
    ) -> None:
        read = self._mapper(instance).read(exposition, at_s=at_ms / 1000, wall_s=at_ms / 1000)
        if read.nameless and not read.readings:
            warnings.add(f"samples of {min(read.nameless)} name no resource: a label is missing, or cannot be a name")
        warnings.update(f"{metric} needs {family}, which is not there" for metric, family in read.lacking.items())
        ts, source = datetime.fromtimestamp(at_ms / 1000, UTC), f"backfill.{self.name}"
        for (resource, device), values in sorted(read.readings.items()):
            other = self._owners.setdefault(resource, instance)
            if other != instance:
                warnings.add(
                    f"{resource} is both {other} and {instance}: tell them apart by resource, such as {{instance}}"
                )
            samples.append({"ts": ts, "resource_id": resource, "device": device, "source": source, **values})
            if resource not in self._known:
                self._known.add(resource)
                resources.append(self._fact(ts, resource, source, read.facts.get(resource, {})))

    def _fact(self, ts: datetime, resource: str, source: str, facts: Mapping[str, float]) -> Row:
        return {
            "ts": ts,
            "resource_id": resource,
            "source": source,
            "name": resource,
            "type": self.server.type,
            "region": self.server.region or None,
            "interval_s": self.server.step,
            **facts,
        }

    def _names(self, start: datetime, end: datetime) -> list[str]:
        """The families that the mapping reads, as far as the server has them."""
        selector = self.server.selector or '__name__=~".+"'
        names = self._ask(
            "label/__name__/values",
            {"match[]": f"{{{selector}}}", "start": f"{start.timestamp():.3f}", "end": f"{end.timestamp():.3f}"},
            set(),
        )
        return sorted(name for name in names if self.table.wanted(name))

    def _series(self, name: str, start: datetime, end: datetime, warnings: set[str]) -> list[Any]:
        """Raw samples of [start, end); a window that the server cannot answer is asked for in halves."""
        seconds = (end - start).total_seconds()
        last = end - timedelta(milliseconds=1)
        query = f"{name}{{{self.server.selector}}}[{round(seconds * 1000)}ms]"
        try:
            result = self._ask("query", {"query": query, "time": f"{last.timestamp():.3f}"}, warnings)
        except FetchError as error:
            if str(error).startswith(_FINAL) or end - start <= _SHORTEST:
                raise TemporaryError(f"backfill {self.name}: {error}; what was read before stays") from error
            middle = start + (end - start) / 2
            return [
                *self._series(name, start, middle, warnings),
                *self._series(name, middle, end, warnings),
            ]
        first = start.timestamp() - 0.0005
        return [
            {**one, "values": [pair for pair in one["values"] if float(pair[0]) >= first]} if "values" in one else one
            for one in result["result"]
        ]

    def _ask(self, path: str, parameters: Mapping[str, str], warnings: set[str]) -> Any:  # noqa: ANN401 - JSON
        pause = self._asked + 1 / self.server.queries_per_s - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self._asked = time.monotonic()
        tenant = {"X-Scope-OrgID": self.server.tenant} if self.server.tenant else {}
        options = dict(self.credentials)
        options["headers"] = {**options.get("headers", {}), **tenant}
        url = f"{self.server.url.rstrip('/')}/api/v1/{path}?{urlencode(parameters)}"
        answer = fetch.fetch(self.client, url, options, total_s=_DEADLINE_S)
        try:
            body = json.loads(answer.text)
        except ValueError as error:
            raise FetchError(f"not a Prometheus answer: {shown(answer.text[:80])}") from error
        whole = cast(dict[str, Any], body) if isinstance(body, dict) else {}
        if whole.get("status") != "success":
            raise FetchError(f"the server says: {shown(answer.text[:200])}")
        warnings.update(str(one) for one in whole.get("warnings", ()))
        return whole["data"]
