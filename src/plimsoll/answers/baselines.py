"""What is usual, learnt once a day, and read by everything that compares with it."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from plimsoll.analysis.baselines.build import Baselines, baselines
from plimsoll.answers.grids import fleet_grid
from plimsoll.answers.sources import Sources
from plimsoll.clock import floor
from plimsoll.tables import SAMPLES

HISTORY_DAYS: Final = 56
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400


def learn(sources: Sources) -> Baselines:
    """Baselines, usual ranges and trends of the fleet from up to eight weeks of whole UTC days."""
    end = floor(sources.as_of, _DAY_S)
    days = [day for day in sources.snapshot.days(SAMPLES) if day < end.date()]
    first = datetime.combine(days[0], time(), UTC) if days else end - timedelta(days=1)
    start = max(end - timedelta(days=HISTORY_DAYS), first)
    return baselines(
        fleet_grid(sources.snapshot, [r.resource_id for r in sources.resources()], start=start, end=end, step_s=_HOUR_S)
    )
