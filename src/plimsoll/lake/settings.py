"""`[lake]`, `[retention]`, `[legal_hold.*]`: where the lake is and how long things are kept in it."""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from plimsoll.config import Duration, Section
from plimsoll.lake.stores import chosen

LONGEST_RANGE_S: Final = 31 * 86_400
_YEARS_S: Final = 100 * 366 * 86_400


def _endpoint(text: str) -> str:
    if text and not text.startswith(("https://", "http://")):
        raise ValueError('is not an address; write "https://s3.example.org", or leave it empty for the provider\'s own')
    if "@" in text or "?" in text:
        raise ValueError("holds more than an address; credentials come from the environment, a profile or the machine")
    return text


class SharedPlace(Section):
    """`[lake]`: a store that several machines share; without it the lake is in this project's data folder."""

    uri: Annotated[str, AfterValidator(lambda text: chosen(text) if text else text)] = Field(
        "", description="s3://BUCKET/PREFIX, or a folder that several machines see; empty: data/lake of this project"
    )
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        "", description="the address of an S3-compatible server; empty: the environment's, or the provider's own"
    )
    region: str = Field("", description="of the bucket; empty: the environment's")
    cache_mb: int = Field(
        20_000, ge=100, le=100_000_000, description="day files that are kept here so that each is fetched once"
    )
    allow_network_fs: bool = Field(
        default=False, description="true: a data folder on a network file system, at your own risk"
    )
    catalog: Literal["", "delta"] = Field("", description="delta: each compaction brings a Delta log up to date")


class Retention(Section):
    """`[retention]`: how long things are kept; the inventory and its history are never dropped."""

    raw: Annotated[Duration, Field(ge=LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "90d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="readings; at least 31d, so that every document's range is exact",
    )
    hourly: Annotated[Duration, Field(ge=LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "730d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="hourly rollups: count, sum, min, max, buckets for quantiles",
    )
    daily: Annotated[Duration, Field(ge=LONGEST_RANGE_S, le=_YEARS_S)] | None = Field(
        None, description="daily rollups; absent: for ever"
    )
    collections: Annotated[Duration, Field(ge=LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "90d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="the record of every attempt to read a source",
    )
    baselines: Annotated[Duration, Field(ge=LONGEST_RANGE_S, le=_YEARS_S)] = Field(
        "90d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="baselines, usual ranges and trends of the past",
    )
    archive: str = Field(
        "", description="a folder, or s3://BUCKET/PREFIX, that gets a copy before anything is dropped; empty: none"
    )


class Hold(Section):
    """`[legal_hold.NAME]`: a legal hold: readings of this period are not dropped, whatever the retention says."""

    since: date = Field(description="the first day that is held, such as 2026-01-16")
    until: date | None = Field(None, description="the last day that is held; absent: until the hold is lifted")
    tables: tuple[str, ...] = Field((), description="which tables; empty: all")
    resources: tuple[str, ...] = Field(
        (), description="only days on which one of these resources has rows; empty: all days of the period"
    )
    reason: str = Field("", description="why, for the audit")

    @model_validator(mode="after")
    def _in_order(self) -> "Hold":
        if self.until is not None and self.until < self.since:
            raise ValueError(f"until {self.until} lies before since {self.since}")
        return self
