"""The analyses as functions of a project: what a notebook or another program asks, without a job and without a report.

Each reads one proven state of the lake, as of an instant (now, if none is given), and gives the document that the
command of the same name prints. Wrong parameters raise `BadParameter`, as they do on the command line.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from plimsoll.clock import SystemClock, duration_s
from plimsoll.documents import PerformanceDocument
from plimsoll.documents.anomalies import AnomaliesDocument
from plimsoll.documents.capacity import CapacityDocument
from plimsoll.documents.optimization import OptimizationDocument
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.project.folder import Project
from plimsoll.project.runner import context
from plimsoll.queries.context import QueryContext
from plimsoll.tables import SAMPLES

if TYPE_CHECKING:
    import polars as pl


def _sources(project: Project, as_of: datetime | None) -> QueryContext:
    return context(project, clock=SystemClock(), as_of=as_of).sources()


def performance(
    project: Project, *, time_range: str = "1h", granularity: str | None = None, as_of: datetime | None = None
) -> PerformanceDocument:
    """How the fleet did in the range before the instant, point by point."""
    from plimsoll.queries.performance import performance as answer

    query = PerformanceQuery.parse(time_range=time_range, granularity=granularity)
    return answer(_sources(project, as_of), query)[0]


def optimization(project: Project, *, time_range: str = "24h", as_of: datetime | None = None) -> OptimizationDocument:
    """What holds each resource back, and what to do about it."""
    from plimsoll.queries.optimization import OptimizationQuery
    from plimsoll.queries.optimization import optimization as answer

    return answer(_sources(project, as_of), OptimizationQuery.parse(time_range=time_range))[0]


def anomalies(
    project: Project, *, time_range: str = "1h", granularity: str = "5m", as_of: datetime | None = None
) -> AnomaliesDocument:
    """What was unlike its own past, resource by resource."""
    from plimsoll.queries.anomalies import AnomaliesQuery
    from plimsoll.queries.anomalies import anomalies as answer

    query = AnomaliesQuery.parse(time_range=time_range, granularity=granularity)
    return answer(_sources(project, as_of), query)[0]


def capacity(
    project: Project, *, horizon: str = "60d", demand: str | None = None, as_of: datetime | None = None
) -> CapacityDocument:
    """The days to the load line of every pool; `demand` is a what-if (`+30%`)."""
    from plimsoll.queries.capacity import CapacityQuery
    from plimsoll.queries.capacity import capacity as answer

    return answer(_sources(project, as_of), CapacityQuery.parse(horizon=horizon, demand=demand))[0]


def readings(project: Project, *metrics: str, time_range: str = "1h", as_of: datetime | None = None) -> "pl.DataFrame":
    """The readings of some metrics (all, if none is named) in the range before the instant, as a Polars frame.

    One row a resource, device and instant; a metric that was not read is null. `device` is empty for a resource as a
    whole.
    """
    at = as_of or SystemClock().now()
    keys = (*SAMPLES.key, *metrics) if metrics else None
    start = at - timedelta(seconds=duration_s(time_range, name="time_range"))
    rows = project.lake.snapshot().scan(SAMPLES, start=start, end=at, columns=keys)
    return rows.collect().sort(SAMPLES.key)
