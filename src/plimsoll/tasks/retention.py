"""Retention as the config has it: how long each table is kept, what is on hold, where copies go."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from plimsoll.config import Config
from plimsoll.config.engine import Scheduler
from plimsoll.errors import ConfigError
from plimsoll.lake import RetentionPolicy, Store
from plimsoll.lake.settings import LONGEST_RANGE_S, Hold, Retention, SharedPlace
from plimsoll.lake.stores import FolderStore, opened
from plimsoll.project.context import Context

_DAY_S: Final = 86_400
_TABLES: Final = MappingProxyType(
    {
        "samples": "raw",
        "collections": "collections",
        "hours": "hourly",
        "hour_buckets": "hourly",
        "days": "daily",
        "day_buckets": "daily",
        "baselines": "baselines",
        "usual": "baselines",
        "trends": "baselines",
    }
)


def drop_old(context: Context) -> None:
    """Rolls finished days up, then drops what is older than the config asks to keep."""
    now, kept = context.clock.now(), rules(context.config)
    context.lake.roll_up(now=now)
    context.lake.apply_retention(kept, context.lake.plan_retention(kept, now=now).drops, now=now)


def rules(config: Config) -> RetentionPolicy:
    """The rules of a config; one that would take what a report still to be made needs is refused."""
    retention, scheduler = config.get("retention", Retention), config.get("schedule", Scheduler)
    if retention.raw < scheduler.catch_up + LONGEST_RANGE_S:
        least = round((scheduler.catch_up + LONGEST_RANGE_S) / _DAY_S)
        raise ConfigError(
            f'[retention] raw = "{round(retention.raw / _DAY_S)}d" is shorter than what a report that is made up for '
            f'needs: schedule.catch_up plus 31 days; write at least "{least}d", or catch up less'
        )
    holds = config.under("legal_hold", Hold)
    lengths = {table: getattr(retention, setting) for table, setting in _TABLES.items()}
    return RetentionPolicy(
        days={table: int(length // _DAY_S) for table, length in lengths.items() if length is not None},
        reason_to_keep=lambda table, day: next(iter(_reasons(holds, table, day, of_resources=False).values()), None),
        resources_to_keep=lambda table, day: _reasons(holds, table, day, of_resources=True),
        archive=_archive(retention.archive, config.get("lake", SharedPlace)),
    )


def _archive(uri: str, place: SharedPlace) -> Store | None:
    if not uri:
        return None
    if "://" not in uri:
        return FolderStore(Path(uri), made=True)
    return opened(uri, endpoint=place.endpoint, region=place.region, made=True)


def _reasons(holds: Mapping[str, Hold], table: str, day: date, *, of_resources: bool) -> dict[str, str]:
    """Why a day of a table is on hold, by the resources that the hold is for; by "" where it is for all."""
    found: dict[str, str] = {}
    for name, hold in holds.items():
        concerned = (not hold.tables or table in hold.tables) and bool(hold.resources) == of_resources
        if concerned and hold.since <= day and (hold.until is None or day <= hold.until):
            why = f"held by {name}" + (f": {hold.reason}" if hold.reason else "")
            found |= dict.fromkeys(hold.resources or ("",), why)
    return found
