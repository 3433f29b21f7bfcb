"""Whatever comes through the door is written anew: no byte, no order and no claim of a stranger reaches a reader."""

import json
import os
import random
from datetime import timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from plimsoll.errors import LakeError, PlimsollError
from plimsoll.lake import Lake, Segment
from plimsoll.lake.format.encoding import encode_day_file, encode_segment, streaming
from plimsoll.lake.format.framing import END, framed
from plimsoll.lake.format.pages import unpacked
from plimsoll.lake.shared.ingest import ingest_segment
from plimsoll.tables import COLLECTIONS, SAMPLES
from tests.strangers import NOW, cut_off, frame, named, parquet, rows


def sent(lake: Lake, given: pl.DataFrame, data: bytes, *, table: str = "samples", **told: object) -> bool:
    """Through the door, as host evil."""
    name = named(given, data, **told)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return ingest_segment(lake, table, name, data, host="evil", resource_ids=(), now=NOW)


def read(lake: Lake) -> dict[str, int]:
    """How many rows there are of each resource."""
    counted = lake.snapshot().scan(SAMPLES).group_by("resource_id").len().sort("resource_id").collect()
    return {str(name): int(count) for name, count in counted.iter_rows()}


@pytest.mark.parametrize("form", ["arrows", "parquet"])
def test_what_is_kept_is_ours(tmp_path: Path, form: str) -> None:
    """Its rows, in bytes that this program would write for them, under an order of this machine."""
    lake, given = Lake(tmp_path), frame("evil-1", 40, cpu_utilization_pct=12.5)
    data = streaming(given, "zstd") if form == "arrows" else parquet(given)
    assert sent(lake, given, data, format=form, order=7)
    (path,) = (tmp_path / "samples").iterdir()
    kept = Segment.parse(path.name)
    assert kept is not None
    assert (kept.collector, kept.rows, kept.order > 10**18) == ("evil", 40, True)
    assert path.read_bytes() == streaming(given) != data
    own = Lake(tmp_path / "own")
    assert path.read_bytes() == (own.root / "samples" / own.append(SAMPLES, given, collector="me")).read_bytes()


def test_the_same_rows_again_are_known_by_what_they_are(tmp_path: Path) -> None:
    """After a lost answer a host sends them under the same name, or bundled anew under another: kept once."""
    lake, given = Lake(tmp_path), frame("evil-1")
    assert [sent(lake, given, streaming(given), order=order) for order in (5, 5, 6)] == [True, False, False]
    assert sent(lake, given, streaming(given, "zstd"), order=7) is False
    assert len(list((tmp_path / "samples").iterdir())) == 1
    lake.compact(now=NOW)
    assert sent(lake, given, streaming(given), order=5) is False
    other = frame("evil-1", watts=201.0)
    assert sent(lake, other, streaming(other), order=5), "other values are another segment, whatever its order"
    held = lake.snapshot().scan(SAMPLES, columns=["gpu_power_w"]).collect()["gpu_power_w"].to_list()
    assert held == [201.0] * 4


def test_what_arrives_later_is_newer_whatever_its_name_tells(tmp_path: Path) -> None:
    """A host that calls its segments by the year 2500, or by zero, wins and loses like any other."""
    lake, given = Lake(tmp_path), frame("a", watts=1.0)
    sent(lake, given, streaming(given), order=10**20 - 1)
    lake.append(SAMPLES, rows("a", watts=2.0), collector="honest")
    assert lake.snapshot().scan(SAMPLES).collect()["gpu_power_w"].to_list() == [2.0] * 4
    third = frame("a", watts=3.0)
    sent(lake, third, streaming(third), order=0)
    assert lake.snapshot().scan(SAMPLES).collect()["gpu_power_w"].to_list() == [3.0] * 4


@cache
def _strange_streams() -> dict[str, tuple[bytes, str]]:
    given = frame("evil-1")
    whole = streaming(given)
    nested = streaming(given.with_columns(labels=pl.concat_list("resource_id", "device")))
    many = frame("evil-1").lazy().select(pl.all().repeat_by(200_000).explode()).collect()
    return {
        "an end mark inside": (cut_off(given), "an end mark stands before its end"),
        "a second stream behind it": (whole + whole, "an end mark stands before its end"),
        "bytes after the end": (whole[: -len(END)] + b"\0\0\0\0" + END, "no message"),
        "no end": (whole[: -len(END)], "no message"),
        "an end and nothing else": (END, "0 rows"),
        "cut in a batch": (whole[:-40], "longer than the stream"),
        "no schema": (whole[8 + int.from_bytes(whole[4:8], "little") :], "one schema and batches"),
        "two schemas": (whole[: 8 + int.from_bytes(whole[4:8], "little")] + whole, "one schema and batches"),
        "lists": (nested, "nested values"),
        "eight hundred thousand rows": (streaming(many, "zstd"), "800000 rows; its name tells 4"),
    }


@pytest.mark.parametrize("case", _strange_streams())
def test_a_stream_that_is_not_one_is_refused_before_it_is_decoded(tmp_path: Path, case: str) -> None:
    """Framed as this program frames, as many rows as its name tells: else nothing is kept, and the line says why."""
    data, why = _strange_streams()[case]
    lake = Lake(tmp_path)
    lake.append(SAMPLES, rows("honest"), collector="h")
    with pytest.raises(LakeError, match=why):
        sent(lake, frame("evil-1"), data)
    assert read(lake) == {"honest": 4}


@pytest.mark.parametrize("compression", ["uncompressed", "zstd"])
def test_what_a_stream_will_take_is_known_beforehand(compression: str) -> None:
    """Its rows and bytes, announced, are those that the decoder makes of it."""
    given = pl.DataFrame({"n": range(5_000), "word": ["longer than twelve bytes"] * 5_000})
    announced = framed(streaming(given, compression))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert announced.rows == 5_000
    assert 5_000 * (8 + 24 + 8) <= announced.bytes <= 5_000 * (8 + 24 + 8) + 5_000


def _inventory(count: int, **more: object) -> pl.DataFrame:
    known = {"source": "probe", "name": "n", "type": "cluster", **more}
    frame = pl.DataFrame({"ts": [NOW] * count, "resource_id": [f"r{n}" for n in range(count)]})
    whole = frame.with_columns(pl.lit(value).alias(name) for name, value in known.items())
    return whole.with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")))


def test_what_the_pages_of_a_file_will_take_is_known_beforehand() -> None:
    """Every writer that there is here; more values in a page than a segment may have rows are refused."""
    given = pl.concat([frame(f"r{n}", 300, cpu_utilization_pct=float(n)) for n in range(40)])
    for data in (parquet(given), encode_day_file(given), encode_segment(given)[0]):
        assert 4_000 < unpacked(data, most_rows=12_000) < 5_000_000
        with pytest.raises(LakeError, match="12000 rows; a segment has 1 to 200"):
            unpacked(data, most_rows=200)
    for broken in (b"", b"PAR1", b"PAR1" * 4, parquet(given)[:-9], b"PAR1" + b"\xff" * 40 + b"\x20\0\0\0PAR1"):
        with pytest.raises(LakeError, match="cannot be read as parquet"):
            unpacked(broken, most_rows=12_000)


@pytest.mark.parametrize(("form", "why"), [("arrows", "MiB of rows"), ("parquet", "MiB of texts")])
def test_few_bytes_that_become_many_are_refused(tmp_path: Path, form: str, why: str) -> None:
    """160 MB of labels in a few kB, each within its own limit: by what is announced, or by what they add up to."""
    given = _inventory(20_000, labels=json.dumps({"owner": "x" * 8_000}))
    data = streaming(given, "zstd") if form == "arrows" else parquet(given)
    assert len(data) < 1_000_000
    with pytest.raises(LakeError, match=why):
        sent(Lake(tmp_path), given, data, table="resources", format=form)
    assert not (tmp_path / "resources").exists()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"resource_id": ""}, "refuses 3 rows: resource_id is empty"),
        ({"source": "  "}, "source is empty"),
        ({"name": "\t"}, "name is empty"),
        ({"type": "toaster"}, "toaster"),
        ({"labels": "[" * 100_000}, "labels has a value of 100000 bytes"),
        ({"labels": "[" * 8_000}, "labels is not JSON"),
        ({"labels": '{"a":{"b":1}}'}, "labels is not a JSON object of texts"),
        ({"ts": NOW + timedelta(hours=2)}, "mind the clock"),
        ({"ts": NOW - timedelta(days=20_000)}, "before 2000"),
    ],
)
def test_names_labels_and_stamps_are_those_of_an_honest_host(tmp_path: Path, more: dict[str, object], why: str) -> None:
    """B25, B26, B69: an empty name names nothing, a clock without battery begins in 1970: refused by name."""
    given = _inventory(3, **more)
    with pytest.raises(LakeError, match=why):
        sent(Lake(tmp_path), given, streaming(given), table="resources")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table", ["samples", "resources"])
def test_only_the_owner_forgets(tmp_path: Path, table: str) -> None:
    """The source that takes a resource out of the inventory is reserved, also for a token that may name anything."""
    given = _inventory(3, source="forgotten")
    if table == "samples":
        given = frame("evil-1").with_columns(source=pl.lit("forgotten"))
    with pytest.raises(LakeError, match='source "forgotten" is reserved'):
        sent(Lake(tmp_path), given, streaming(given), table=table)
    assert list(tmp_path.iterdir()) == []


def test_a_host_tells_of_its_own_attempts_only(tmp_path: Path) -> None:
    """What the owner could not read stays silent in `status`, whatever a host claims to have read under that name."""
    url, lake = "http://gpu-01:9100/metrics", Lake(tmp_path)
    missed = {"ts": NOW, "source": "node", "target": url, "ok": False, "reason": "refused"}
    lake.append(COLLECTIONS, [missed], collector="owner")
    claim = COLLECTIONS.check(
        COLLECTIONS.frame([{"ts": NOW, "source": "node", "target": url, "ok": True}]), complete=False
    )
    assert sent(lake, claim, streaming(claim), table="collections")
    told = lake.snapshot().scan(COLLECTIONS, columns=["target", "ok"]).sort("target").collect().rows()
    assert told == [(f"evil {url}", True), (url, False)]


def test_no_mutation_of_a_segment_is_more_than_a_refusal(tmp_path: Path) -> None:
    """Bytes changed at random under a name that tells their checksum: kept whole or refused; readers go on."""
    chance, refused = random.Random(20), 0
    lake, given = Lake(tmp_path), frame("evil-1", 30, cpu_utilization_pct=3.0)
    lake.append(SAMPLES, rows("honest"), collector="h")
    wholes = {"arrows": streaming(given, "zstd"), "parquet": parquet(given)}
    tries = 50_000 if os.environ.get("PLIMSOLL_TEST_MORE") else 500
    for n in range(tries):
        form = "arrows" if n % 3 else "parquet"
        torn = bytearray(wholes[form])
        for _ in range(chance.randrange(1, 5)):
            torn[chance.randrange(len(torn))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        if chance.random() < 0.2:
            torn = torn[: chance.randrange(len(torn))] + torn[chance.randrange(len(torn)) :]
        try:
            sent(lake, given, bytes(torn), format=form)
        except PlimsollError:
            refused += 1
    assert refused > tries / 10
    for _ in range(2):
        assert read(lake)["honest"] == 4
        lake.compact(now=NOW)
    assert lake.verify(now=NOW).damaged == {}
