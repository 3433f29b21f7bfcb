"""Rows become bytes and the same rows again, whichever format suits them."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from plimsoll.lake import Lake, as_stored
from plimsoll.lake.format.encoding import SHORT_ROWS, encode_day_file, encode_segment, joined
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.sql import Bounds, ask
from plimsoll.tables import SAMPLES

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


def rows(count: int, *, metric: str = "cpu_utilization_pct", start: int = 0, value: float = 0.0) -> pl.DataFrame:
    """Readings of resource `a`, one a second; the value counts up from `value`."""
    return as_stored(
        SAMPLES,
        pl.DataFrame(
            {
                "ts": [NOON + timedelta(seconds=start + n) for n in range(count)],
                "resource_id": "a",
                "device": "",
                "source": "t",
                metric: [value + n % 90 for n in range(count)],
            }
        ),
        complete=False,
    )


def test_a_lasting_file_is_the_same_for_polars_and_duckdb(tmp_path: Path) -> None:
    """Few values, many values, nothing but nulls, an exact number, UTC instants: all come back as they were."""
    frame = rows(5000).with_columns(
        pl.Series("gpu_power_w", [n * 0.37 for n in range(5000)], pl.Float32),
        pl.Series("memory_used_bytes", [2.0**40 + n for n in range(5000)], pl.Float64),
        pl.lit(None, pl.Float32).alias("gpu_utilization_pct"),
    )
    path = tmp_path / "x.parquet"
    path.write_bytes(encode_day_file(frame))
    assert pl.read_parquet(path, glob=False).equals(frame)
    told = duckdb.connect().execute(
        "select count(*), sum(memory_used_bytes)::hugeint, epoch_ms(min(ts)), count(gpu_utilization_pct) "
        "from read_parquet(?)",
        [str(path)],
    )
    assert told.fetchall() == [(5000, 5000 * 2**40 + 5000 * 4999 // 2, 1_768_564_800_000, 0)]


def test_the_same_rows_are_the_same_bytes() -> None:
    """A day that is compacted twice gets the same name, and is written once."""
    frame = rows(2000)
    assert encode_day_file(frame) == encode_day_file(frame.clone())
    assert encode_day_file(frame.clear()) != encode_day_file(frame)


def test_a_part_of_a_frame_takes_no_foreign_texts_along() -> None:
    """Ten rows of ten thousand with long names are the bytes of ten rows."""
    whole = rows(10_000).with_columns(resource_id=pl.Series([f"a-long-name-of-a-resource-{n}" for n in range(10_000)]))
    assert len(encode_segment(whole[:10])[0]) < 4000
    assert encode_segment(whole[:10])[0] == encode_segment(pl.DataFrame(whole[:10].to_dicts(), schema=whole.schema))[0]


def test_short_segments_join_by_their_columns() -> None:
    """Streams of one schema are decoded at once, in their order; another set of columns is a frame of its own."""
    frames = [rows(2), rows(3, metric="gpu_power_w"), rows(1, start=9)]
    found = joined([encode_segment(frame)[0] for frame in frames])
    assert [places for places, _ in found] == [[0, 2], [1]]
    assert found[0][1].equals(pl.concat([frames[0], frames[2]]))
    assert found[1][1].equals(frames[1])


@pytest.mark.parametrize("bytes_", [b"", b"PAR1", b"\xff\xff\xff\xff", encode_segment(rows(2))[0][:-1]])
def test_what_is_no_whole_stream_is_refused(bytes_: bytes) -> None:
    """Torn at its end, empty, or another format."""
    with pytest.raises(ValueError, match="is not a complete Arrow stream"):
        joined([encode_segment(rows(1))[0], bytes_])


def test_many_rows_are_worth_single_columns(tmp_path: Path) -> None:
    """Up to 8,192 rows a segment is an Arrow stream, beyond it is Parquet; its name tells which, and how many rows."""
    lake = Lake(tmp_path)
    names = [lake.append(SAMPLES, rows(count), collector="t") for count in (SHORT_ROWS, SHORT_ROWS + 1)]
    told = [segment for name in names if (segment := Segment.parse(name))]
    assert [(s.format, s.rows, s.name) for s in told] == [("arrows", 8192, names[0]), ("parquet", 8193, names[1])]
    assert pl.read_ipc_stream(io.BytesIO((tmp_path / "samples" / names[0]).read_bytes())).height == 8192


def test_segments_of_an_older_program_are_still_read(tmp_path: Path) -> None:
    """Their names tell no rows, and all are Parquet; what comes later wins over them all the same."""
    lake = Lake(tmp_path)
    name = lake.append(SAMPLES, rows(SHORT_ROWS + 1), collector="t")
    new = Segment.parse(name)
    assert new is not None
    old = name.replace(f"-{new.rows}-", "-")
    (tmp_path / "samples" / name).rename(tmp_path / "samples" / old)
    parsed = Segment.parse(old)
    assert parsed is not None
    assert (parsed.rows, parsed.name) == (None, old)
    lake.append(SAMPLES, rows(1, value=77.0), collector="t")
    first = lake.snapshot().scan(SAMPLES).sort("ts").first().select("cpu_utilization_pct").collect()
    assert first.item() == 77.0
    assert lake.snapshot().scan(SAMPLES).collect().height == SHORT_ROWS + 1


def test_the_last_write_wins_across_formats_columns_and_days(tmp_path: Path) -> None:
    """A compacted day, a long segment, then short ones with other columns: for everyone the newest row counts."""
    lake = Lake(tmp_path)
    lake.append(SAMPLES, rows(10_000, value=1.0), collector="t")
    lake.compact(now=NOON)
    lake.append(SAMPLES, rows(9000, value=2.0), collector="t")
    lake.append(SAMPLES, rows(3, value=5.0), collector="t")
    lake.append(SAMPLES, rows(2, metric="gpu_power_w", value=300.0), collector="t")
    lake.append(SAMPLES, rows(1, value=7.0), collector="t")
    snapshot = lake.snapshot()
    told = "select cpu_utilization_pct, gpu_power_w from samples order by ts"
    found = [
        snapshot.scan(SAMPLES).sort("ts").select("cpu_utilization_pct", "gpu_power_w").collect().rows(),
        snapshot.day(SAMPLES, NOON.date()).select("cpu_utilization_pct", "gpu_power_w").collect().rows(),
        list(ask(snapshot, told, Bounds()).rows),
    ]
    for read in found:
        assert read[:4] == [(7.0, None), (None, 301.0), (7.0, None), (5.0, None)]
        assert (read[8999][0], read[9000][0], len(read)) == (2.0 + 8999 % 90, 1.0 + 9000 % 90, 10_000)
    lake.compact(now=NOON)
    assert lake.snapshot().scan(SAMPLES).sort("ts").select("cpu_utilization_pct").collect()["cpu_utilization_pct"][
        :4
    ].to_list() == [7.0, None, 7.0, 5.0]


def test_a_narrow_scan_decodes_and_gives_only_what_is_asked_for(tmp_path: Path) -> None:
    """Columns that no segment has are null; a key that is not asked for is not given."""
    lake = Lake(tmp_path)
    lake.append(SAMPLES, rows(3), collector="t")
    read = lake.snapshot().scan(SAMPLES, columns=["gpu_power_w", "cpu_utilization_pct"]).collect()
    assert read.columns == ["gpu_power_w", "cpu_utilization_pct"]
    assert read.null_count().row(0) == (3, 0)
