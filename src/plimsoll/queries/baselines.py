"""What is usual, learnt once a day, and read by everything that compares with it."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final

from plimsoll.analysis.baselines.build import Baselines, baselines
from plimsoll.clock import floor
from plimsoll.execution import Execution
from plimsoll.lake import hours
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import fleet_grid, known_metrics
from plimsoll.tables import SAMPLES

HISTORY_DAYS: Final = 56
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400


def learn(sources: QueryContext) -> Iterator[Baselines]:
    """Baselines, usual ranges and trends from up to eight weeks of whole UTC days, a block of resources at a time."""
    end = floor(sources.as_of, _DAY_S)
    dropped = hours.Dropped.of(sources.snapshot, end - timedelta(days=HISTORY_DAYS), end).partitions
    days = sorted(day for day in {*sources.snapshot.days(SAMPLES), *dropped} if day < end.date())
    first = datetime.combine(days[0], time(), UTC) if days else end - timedelta(days=1)
    start = max(end - timedelta(days=HISTORY_DAYS), first)
    resources = [r.resource_id for r in sources.resources()]
    known = known_metrics(sources.snapshot, start, end)
    size = sources.settings("execution", Execution).block_size
    blocks = range(0, max(1, len(resources)), size)
    for n in blocks:
        block = resources[n : n + size]
        yield baselines(fleet_grid(sources.snapshot, block, start=start, end=end, step_s=_HOUR_S, known=known))
        sources.on_progress("baselines", n // size + 1, len(blocks))
