"""The parameters of a document: raw text in, a frozen query out; everything unknown is refused by name.

The command line and the HTTP service build their queries here, so both refuse the same things in the same words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from plimsoll.clock import duration_s
from plimsoll.errors import BadParameter, UsageError
from plimsoll.metrics import DOCUMENT_METRICS

TIME_RANGES: Final = ("5m", "15m", "1h", "6h", "24h", "7d", "30d")
GRANULARITIES: Final = ("10s", "1m", "5m", "15m", "1h", "1d")
AGGREGATIONS: Final = ("avg", "max", "min", "sum", "p95", "p99")
RESOURCE_SELECTIONS: Final = MappingProxyType(
    {
        "all": None,
        "clusters": "cluster",
        "endpoints": "endpoint",
        "training": "training",
        "ai-services": "ai-service",
        "storage": "storage",
        "network": "network",
    }
)
SPECIFIED_REGIONS: Final = ("us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1")
MAX_IDS: Final = 10_000
MAX_ID_CHARS: Final = 256
_USUAL_GRANULARITY: Final = "1m"
POINT_BUDGET: Final = 2_000_000
ID_PATTERN: Final = r"^[^\x00-\x1f\x7f-\x9f]{1,256}$"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceQuery:
    """A checked question for the performance document.

    `resource_type` None means all; empty `metrics` means all nine; empty `resource_ids` and `regions` do not restrict.
    `start` is where a report's window begins; None: `time_range` before the instant, aligned to points.
    """

    time_range: str = "1h"
    granularity: str = "1m"
    resource_type: str | None = None
    metrics: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    aggregation: str = "avg"
    may_coarsen: bool = False
    """The granularity was not asked for: for a large fleet it may be a coarser one."""
    for_any_fleet: bool = False
    """Never refused for the size of the fleet: the coarsest granularity is then good enough."""
    limit: int | None = None
    cursor: str = ""
    """At most so many resources, by id, those after this id; all where there is no limit."""
    start: datetime | None = None

    @classmethod
    def parse(
        cls,
        *,
        resource: str = "all",
        time_range: str = "1h",
        granularity: str | None = None,
        metrics: Sequence[str] = (),
        resource_ids: Sequence[str] = (),
        regions: Sequence[str] = (),
        aggregation: str = "avg",
        known_regions: Sequence[str] = (),
        limit: str | None = None,
        cursor: str | None = None,
    ) -> "PerformanceQuery":
        """Checks each parameter against its allowed values and the two of time against each other.

        A granularity that was not given is 1m, or what `within_budget` makes of it.

        >>> PerformanceQuery.parse(time_range="5m", granularity="1d")
        Traceback (most recent call last):
        plimsoll.errors.BadParameter: granularity "1d" exceeds timeRange 5m; use one of: 10s, 1m, 5m
        """
        given = granularity is not None
        granularity = _USUAL_GRANULARITY if granularity is None else granularity
        require_one_of("resource", resource, tuple(RESOURCE_SELECTIONS))
        require_one_of("timeRange", time_range, TIME_RANGES)
        require_one_of("granularity", granularity, GRANULARITIES)
        require_one_of("aggregation", aggregation, AGGREGATIONS)
        allowed_regions = tuple(dict.fromkeys((*SPECIFIED_REGIONS, *known_regions)))
        for metric in metrics:
            require_one_of("metrics", metric, tuple(DOCUMENT_METRICS))
        for region in regions:
            require_one_of("regions", region, allowed_regions)
        _refuse_bad_ids(resource_ids)
        if duration_s(granularity) > duration_s(time_range):
            shorter = [g for g in GRANULARITIES if duration_s(g) <= duration_s(time_range)]
            raise BadParameter("granularity", granularity, allowed=shorter, why=f"exceeds timeRange {time_range}")
        return cls(
            time_range=time_range,
            granularity=granularity,
            resource_type=RESOURCE_SELECTIONS[resource],
            metrics=tuple(dict.fromkeys(metrics)),
            resource_ids=tuple(dict.fromkeys(resource_ids)),
            regions=tuple(dict.fromkeys(regions)),
            aggregation=aggregation,
            may_coarsen=not given,
            limit=_limit(limit),
            cursor=_cursor(cursor, limit),
        )

    @property
    def wanted_metrics(self) -> tuple[str, ...]:
        """The document metrics to show: those asked for, or all nine."""
        return self.metrics or tuple(DOCUMENT_METRICS)

    def within_budget(self, resources: int, *, budget: int = POINT_BUDGET) -> "PerformanceQuery":
        """The question with a granularity whose answer is within the budget of values, before any file is read.

        Only one that was not asked for is changed: to the finest coarser one that fits, or to the whole range, where
        one value of each metric and resource is all there is, however large the fleet. Any other is refused. A report
        (`for_any_fleet`) is made by the coarsest, also where that is a value a day.

        >>> PerformanceQuery.parse().within_budget(100_000).granularity
        '1h'
        """
        if self._values(self.granularity, resources) <= budget:
            return self
        shorter = [g for g in GRANULARITIES if duration_s(g) <= duration_s(self.time_range)]
        fitting = [g for g in shorter if self._values(g, resources) <= budget]
        if self.may_coarsen and (
            fitting or self.for_any_fleet or duration_s(shorter[-1]) == duration_s(self.time_range)
        ):
            return replace(self, granularity=fitting[0] if fitting else shorter[-1])
        fewer = "ask for fewer resources or metrics, or with a limit"
        advice = f"use granularity {fitting[0]} or coarser" if fitting else fewer
        raise UsageError(
            f"granularity {self.granularity} over {self.time_range} for {resources} resources needs "
            f"{self._values(self.granularity, resources):,.0f} values; the limit is {budget:,}; {advice}"
        )

    def _values(self, granularity: str, resources: int) -> float:
        return duration_s(self.time_range) / duration_s(granularity) * resources * len(self.wanted_metrics)


def require_one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    """The value, if it is allowed; the HTTP service and the command line share this refusal."""
    if value not in allowed:
        raise BadParameter(name, value, allowed=allowed)
    return value


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and 1 <= int(text) <= MAX_IDS):
        raise BadParameter("limit", text, why=f"is not a number of resources from 1 to {MAX_IDS}")
    return int(text)


def _cursor(text: str | None, limit: str | None) -> str:
    if text is None:
        return ""
    if limit is None:
        raise BadParameter("cursor", text, why="goes with limit")
    _refuse_bad_ids([text], name="cursor")
    return text


def _refuse_bad_ids(resource_ids: Sequence[str], *, name: str = "resourceIds") -> None:
    if len(resource_ids) > MAX_IDS:
        raise BadParameter("resourceIds", len(resource_ids), why=f"ids are too many; the limit is {MAX_IDS}")
    for resource_id in resource_ids:
        if not resource_id or len(resource_id) > MAX_ID_CHARS or _CONTROL.search(resource_id):
            raise BadParameter(
                name, resource_id, why=f"is not an id: 1 to {MAX_ID_CHARS} characters, none of them controls"
            )
