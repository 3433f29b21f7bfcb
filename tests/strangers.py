"""Segments as a stranger makes them: bytes, and a name that tells what the stranger wants it to tell."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from plimsoll.lake.format.encoding import streaming
from plimsoll.lake.format.framing import END
from plimsoll.lake.format.segments import Segment, checksum
from plimsoll.tables import SAMPLES

NOW: Final = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)


def rows(
    resource: str, count: int = 4, *, at: datetime = NOW, watts: float = 200.0, **more: float
) -> list[dict[str, object]]:
    """So many readings of a resource, a minute apart, the last one at `at`."""
    return [
        {
            "ts": at - timedelta(minutes=n),
            "resource_id": resource,
            "device": "",
            "source": "probe",
            "gpu_power_w": watts,
            **more,
        }
        for n in range(count)
    ]


def frame(resource: str, count: int = 4, *, at: datetime = NOW, **more: float) -> pl.DataFrame:
    """The same as a frame of the table."""
    return SAMPLES.check(SAMPLES.frame(rows(resource, count, at=at, **more)), complete=False)


def named(given: pl.DataFrame, data: bytes, *, host: str = "evil", order: int = 1, **told: object) -> str:
    """A name for these bytes; `told` (rows, format, first_ms, last_ms) in place of the truth."""
    stamps = given["ts"].dt.epoch("ms")
    fields: Mapping[str, object] = {
        "first_ms": stamps.min(),
        "last_ms": stamps.max(),
        "rows": given.height,
        "crc32": checksum(data),
        "format": "arrows",
        **told,
    }
    return Segment(order, host, **fields).name  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def cut_off(given: pl.DataFrame) -> bytes:
    """A stream with a second end mark: alone it is read like any other, and nothing that is joined behind it is."""
    return streaming(given) + END


def parquet(given: pl.DataFrame) -> bytes:
    """As Parquet."""
    sink = io.BytesIO()
    given.write_parquet(sink, compression="zstd")
    return sink.getvalue()
