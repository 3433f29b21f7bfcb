"""Retention as the config has it: how long each table is kept, what is held, where copies go."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, model_validator

from plimsoll.config import Config, Duration, Section
from plimsoll.errors import ConfigError
from plimsoll.lake import Rules, Store
from plimsoll.lake.settings import SharedPlace
from plimsoll.lake.stores import FolderStore, opened
from plimsoll.settings import Scheduler

_DAY_S: Final = 86_400
_LONGEST_RANGE_S: Final = 31 * _DAY_S
_YEARS_S: Final = 100 * 366 * _DAY_S
_TABLES: Final = MappingProxyType(
    {
        "samples": "raw",
        "collections": "collections",
        "hours": "hourly",
        "hour_buckets": "hourly",
        "days": "daily",
        "day_buckets": "daily",
        "baselines": "learnt",
        "usual": "learnt",
        "trends": "learnt",
    }
)


class Retention(Section):
    """`[retention]`: how long things are kept; the inventory and its history are never dropped."""

    raw: Annotated[Duration, Field(ge=_LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "90d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="readings; at least 31d, so that every document's range is exact",
    )
    hourly: Annotated[Duration, Field(ge=_LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "730d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="hourly rollups: count, sum, min, max, buckets for quantiles",
    )
    daily: Annotated[Duration, Field(ge=_LONGEST_RANGE_S, le=_YEARS_S)] | None = Field(
        None, description="daily rollups; absent: for ever"
    )
    collections: Annotated[Duration, Field(ge=_LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "90d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="the record of every attempt to read a source",
    )
    learnt: Annotated[Duration, Field(ge=_LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "90d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="baselines, usual ranges and trends of the past",
    )
    archive: str = Field(
        "", description="a folder, or s3://BUCKET/PREFIX, that gets a copy before anything is dropped; empty: none"
    )


class Hold(Section):
    """`[hold.NAME]`: a legal hold: readings of this period are not dropped, whatever the retention says."""

    since: date = Field(description="the first day that is held, such as 2026-01-16")
    until: date | None = Field(None, description="the last day that is held; absent: until the hold is lifted")
    tables: tuple[str, ...] = Field((), description="which tables; empty: all")
    resources: tuple[str, ...] = Field(
        (), description="only days on which one of these resources has rows; empty: all days of the period"
    )
    reason: str = Field("", description="why, for whoever reads the audit")

    @model_validator(mode="after")
    def _in_order(self) -> "Hold":
        if self.until is not None and self.until < self.since:
            raise ValueError(f"until {self.until} lies before since {self.since}")
        return self


def rules(config: Config) -> Rules:
    """The rules of a config; one that would take what a report still to be made needs is refused."""
    retention, scheduler = config.get("retention", Retention), config.get("schedule", Scheduler)
    if retention.raw < scheduler.catch_up + _LONGEST_RANGE_S:
        least = round((scheduler.catch_up + _LONGEST_RANGE_S) / _DAY_S)
        raise ConfigError(
            f'[retention] raw = "{round(retention.raw / _DAY_S)}d" is shorter than what a report that is made up for '
            f'needs: schedule.catch_up plus 31 days; write at least "{least}d", or catch up less'
        )
    holds = config.under("hold", Hold)
    lengths = {table: getattr(retention, setting) for table, setting in _TABLES.items()}
    return Rules(
        days={table: int(length // _DAY_S) for table, length in lengths.items() if length is not None},
        held=lambda table, day: next(iter(_reasons(holds, table, day, of_resources=False).values()), None),
        held_for=lambda table, day: _reasons(holds, table, day, of_resources=True),
        archive=_archive(retention.archive, config.get("lake", SharedPlace)),
    )


def _archive(uri: str, place: SharedPlace) -> Store | None:
    if not uri:
        return None
    if "://" not in uri:
        return FolderStore(Path(uri), made=True)
    return opened(uri, endpoint=place.endpoint, region=place.region, made=True)


def _reasons(holds: Mapping[str, Hold], table: str, day: date, *, of_resources: bool) -> dict[str, str]:
    """Why a day of a table is held, by the resources that it is held for; by "" where it is held for all."""
    found: dict[str, str] = {}
    for name, hold in holds.items():
        concerned = (not hold.tables or table in hold.tables) and bool(hold.resources) == of_resources
        if concerned and hold.since <= day and (hold.until is None or day <= hold.until):
            why = f"held by {name}" + (f": {hold.reason}" if hold.reason else "")
            found |= dict.fromkeys(hold.resources or ("",), why)
    return found
