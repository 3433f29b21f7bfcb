"""History from files: what is right comes in once, in the catalogue's units; what is wrong is refused by its row."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from plimsoll.errors import ConfigError, UsageError
from plimsoll.importing.mapping import FileMapping, read_mapping
from plimsoll.importing.run import Imported, import_file
from plimsoll.lake import Lake
from plimsoll.tables import RESOURCES, SAMPLES
from tests.shared import ROOT, shared_path

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WIDE = """
time = { column = "at", zone = "Europe/Berlin" }
resource = { column = "host", type = "cluster", region = "eu-west-1" }
[values]
cpu = { metric = "cpu_utilization_pct", unit = "ratio" }
mem = { metric = "memory_used_bytes", unit = "gib" }
"""


def mapping(tmp_path: Path, text: str = WIDE) -> FileMapping:
    """A mapping from its TOML."""
    path = tmp_path / "map.toml"
    path.write_text(text)
    return read_mapping(path)


def bring(tmp_path: Path, content: bytes, *, name: str = "x.csv", text: str = WIDE, most: int = 100) -> Imported:
    """Imports bytes as a file."""
    path = tmp_path / name
    path.write_bytes(content)
    return import_file(Lake(tmp_path / "lake"), path, mapping(tmp_path, text), now=NOW, most_refused=most)


def held(tmp_path: Path, *columns: str) -> list[tuple[object, ...]]:
    """Those columns of all readings, in the order of time."""
    return Lake(tmp_path / "lake").snapshot().scan(SAMPLES).sort("ts").select(columns).collect().rows()


def test_a_wide_file_comes_in_once_in_the_catalogues_units(tmp_path: Path) -> None:
    """Local dates become UTC, ratios percent, GiB bytes; an empty value is a missing reading; B28: again is nothing."""
    content = (
        b"at,host,cpu,mem,note\n2026-01-16 12:00:00,a,0.5,2,x\n"
        b"2026-01-16T12:01:00Z,a,,nan,x\n2026-01-16 13:02:00,a,0.25,,x\n"
    )
    first = bring(tmp_path, content)
    assert (first.rows, first.new, first.refused) == (3, 2, 0)
    assert held(tmp_path, "ts", "cpu_utilization_pct", "memory_used_bytes") == [
        (datetime(2026, 1, 16, 11, 0, tzinfo=UTC), 50.0, 2.0 * 1024**3),
        (datetime(2026, 1, 16, 12, 2, tzinfo=UTC), 25.0, None),
    ]
    again = bring(tmp_path, content)
    assert (again.new, again.known) == (0, 2)
    mended = bring(tmp_path, content.replace(b"0.25", b"0.75"))
    assert (mended.new, mended.known) == (1, 1)
    facts = Lake(tmp_path / "lake").snapshot().scan(RESOURCES).sort("ts").collect()
    assert facts.select("resource_id", "type", "region").unique().rows() == [("a", "cluster", "eu-west-1")]
    assert facts["interval_s"].to_list()[-1] is None


def test_a_tidy_file_keeps_every_metric_of_an_instant(tmp_path: Path) -> None:
    """One row a reading; NDJSON, gzipped; names that the mapping leaves out are left aside."""
    text = """
time = { column = "t", unit = "ms" }
resource = { id = "box", type = "cluster" }
name_column = "name"
[names]
"cpu.user" = { metric = "cpu_utilization_pct", unit = "pct" }
"rtt" = { metric = "network_latency_ms", unit = "s" }
"""
    at = round(datetime(2026, 1, 16, tzinfo=UTC).timestamp() * 1000)
    rows = [
        {"t": at, "name": "cpu.user", "value": 40},
        {"t": at, "name": "rtt", "value": "0.002"},
        {"t": at, "name": "other", "value": 1},
    ]
    body = gzip.compress("\n".join(json.dumps(row) for row in rows).encode())
    done = bring(tmp_path, body, name="x.ndjson.gz", text=text)
    assert (done.new, done.refused) == (2, 0)
    found = Lake(tmp_path / "lake").snapshot().scan(SAMPLES).collect()
    assert found["cpu_utilization_pct"].drop_nulls().to_list() == [40.0]
    assert found["network_latency_ms"].drop_nulls().to_list() == [2.0]


def test_a_parquet_file_with_its_own_types(tmp_path: Path) -> None:
    """Numbers and instants as the file has them."""
    frame = pl.DataFrame({"at": [datetime(2026, 1, 16, tzinfo=UTC)], "host": ["a"], "cpu": [1.0], "mem": [1]})
    frame.write_parquet(tmp_path / "y.parquet")
    done = bring(tmp_path, (tmp_path / "y.parquet").read_bytes(), name="x.parquet")
    assert (done.new, done.refused) == (1, 0)
    assert held(tmp_path, "cpu_utilization_pct") == [(100.0,)]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("1,5", '"1,5" has a decimal comma; write a point'),
        ("1_000", '"1_000" is not a number'),
        ("12 furlongs", '"12 furlongs" is not a number in a unit of cpu_utilization_pct'),
        ("∞", '"∞" is not a number'),
        ("inf", '"inf" is not a number'),
        ("٣", '"٣" is not a number'),
        ("1e400", '"1e400" is not a number'),
        ("0x1F", '"0x1F" is not a number'),
        ("1.5", "is above 100.0 pct"),
        ("-0.1", "is below 0.0 pct"),
    ],
)
def test_a_value_that_is_none_is_refused_with_its_row(tmp_path: Path, value: str, why: str) -> None:
    """Bad input B24; the rows around it come in."""
    good = "2026-01-16T12:00:0{}Z,a,0.5,\n"
    content = "at,host,cpu,mem\n" + good.format(0) + f'2026-01-16T12:00:05Z,a,"{value}",\n' + good.format(9)
    done = bring(tmp_path, content.encode())
    assert (done.new, done.refused) == (2, 1)
    ((row, reason),) = done.reasons
    assert row == 2
    assert why in reason


@pytest.mark.parametrize(
    ("unit", "value", "why"),
    [
        ("s", "1768564800000", "lies in the future: is its unit right?"),
        ("ms", "1768564800", "lies before 2000: is its unit right?"),
        ("s", "-5", "lies before 2000"),
        ("s", "4070908800", "lies in the future"),
        ("s", "2026-01-16", "cannot be read as a number of s"),
        ("text", "2026-01-16 12:00:00", "a time without an offset needs a zone"),
        ("text", "yesterday", "cannot be read"),
        ("text", "", 'time "nothing" cannot be read'),
    ],
)
def test_a_time_that_cannot_be_is_refused(tmp_path: Path, unit: str, value: str, why: str) -> None:
    """Bad input B25: units are declared, the future and 1970 refused, naive times need a zone."""
    text = WIDE.replace('zone = "Europe/Berlin"', f'unit = "{unit}"')
    done = bring(tmp_path, f"at,host,cpu,mem\n{value},a,0.5,\n".encode(), text=text)
    assert (done.new, done.refused) == (0, 1)
    assert why in done.reasons[0][1]


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"at,host,cpu\n", "x.csv", 'has no column "mem"; its columns: at, host, cpu'),
        (b"at,host,cpu,mem,cpu\n", "x.csv", 'column "cpu" stands there twice'),
        ("at,host".encode("utf-16"), "x.csv", "is UTF-16 or binary; save it as UTF-8"),
        (b"at,host,cpu,mem\r2026,a,1,1\r2026,a,1,1\r", "x.csv", "lines end in CR alone"),
        (b"at,host,cpu,mem\n" + b"x" * 1_100_000, "x.csv", "has more than 1,048,576 bytes"),
        (b"PAR1 nonsense", "x.parquet", "is not a complete Parquet file"),
        (b"not gzip", "x.csv.gz", "is not a complete gzip file"),
        (b"", "x.txt", "is not a .csv, .ndjson or .parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, content: bytes, name: str, why: str) -> None:
    """Bad inputs B23 and B26; nothing comes in."""
    with pytest.raises(UsageError) as refused:
        bring(tmp_path, content, name=name)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_gzip_bomb_is_cut(tmp_path: Path) -> None:
    """Two hundred times its size is where it ends."""
    bomb = gzip.compress(b"at,host,cpu,mem\n" + b"2026-01-16T00:00:00Z,a,0.5,\n" * 10_000_000, compresslevel=9)
    with pytest.raises(UsageError, match="inflates more than 200 times"):
        bring(tmp_path, bomb, name="x.csv.gz", most=10**9)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"t": 1, "t": 2, "value": 1}', 'key "t" stands there twice'),
        ("[" * 10_000, "nested more than 64 deep"),
        ('{"t": 1768564800, "value": 1,}', "row"),
        ('{"t": 1768564800, "value": NaN}', "NaN is not a JSON number"),
        ('{"t": 1768564800, "value": {"a": 1}}', '"value" is neither text nor a number'),
        ("[1]", "is not a JSON object"),
    ],
)
def test_a_line_that_is_no_flat_object_is_refused(tmp_path: Path, line: str, why: str) -> None:
    """Bad input B27; integers as texts are fine."""
    text = """
time = { column = "t", unit = "s" }
resource = { id = "a" }
[values]
value = { metric = "queue_depth_count", unit = "count" }
"""
    content = '{"t": "1768564800", "value": "7"}\n' + line + "\n"
    done = bring(tmp_path, content.encode(), name="x.ndjson", text=text)
    assert (done.new, done.refused) == (1, 1)
    assert done.reasons[0][0] == 2
    assert why in f"row {done.reasons[0][1]}"


def test_the_error_budget_stops_it_and_strict_stops_at_one(tmp_path: Path) -> None:
    """Bad input B29."""
    rows = "".join(f"2026-01-16T12:00:{n % 60:02d}Z,a,{'bad' if n < 5 else 0.5},\n" for n in range(50))
    content = f"at,host,cpu,mem\n{rows}".encode()
    with pytest.raises(UsageError, match='5 rows refused by row 50, 4 are allowed; the first: row 1: cpu "bad" is no'):
        bring(tmp_path, content, most=4)
    assert bring(tmp_path, content, most=5).refused == 5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (WIDE.replace("cpu_utilization_pct", "cpu_utilisation_pct"), "did you mean cpu_utilization_pct?"),
        (WIDE.replace('"ratio"', '"gib"'), 'unit "gib" cannot become cpu_utilization_pct; use one of: pct, ratio'),
        (WIDE.replace('column = "host"', 'column = "host", id = "a"'), "needs either id or column"),
        (WIDE.split("[values]", maxsplit=1)[0], "needs either values (wide) or names"),
        ("x = 1\n" + WIDE, "Extra inputs"),
        ("[", "cannot be read as a mapping"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """By file, key and what would be right."""
    with pytest.raises(ConfigError) as refused:
        mapping(tmp_path, text)
    assert why in str(refused.value)


def test_the_public_data_come_in_with_the_mappings_that_are_shipped(tmp_path: Path) -> None:
    """The NAB files twice: the second time nothing is new. Each mapping has at most twenty lines."""
    folder = ROOT / "docs" / "mappings"
    assert all(len(path.read_text().splitlines()) <= 20 for path in folder.glob("*.toml"))
    lake = Lake(tmp_path / "lake")
    for shipped, pattern in (("nab", "nab-dev/*/*.csv"), ("mscloud", "mscloud-dev/*/*-01.csv")):
        read = read_mapping(folder / f"{shipped}.toml")
        files = sorted(shared_path("data").glob(pattern))
        assert files
        for round_ in range(2):
            done = [import_file(lake, path, read, now=NOW, most_refused=0) for path in files]
            assert sum(one.refused for one in done) == 0
            assert (sum(one.new for one in done) > 0) == (round_ == 0)
