"""A lake of several machines: nothing lost, nothing doubled, whoever compacts; damage is found before use."""

import io
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from plimsoll.errors import DiskError, TemporaryError
from plimsoll.lake import Segment, Spool
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.encoding import encode_segment
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.segments import checksum
from plimsoll.lake.shared.files import SharedFiles
from plimsoll.lake.stores import FolderStore, NoAnswer, WriteConflict
from plimsoll.tables import RESOURCES, SAMPLES
from tests.shared_lakes import NOW, drain, expected, held, host, readings


class Interrupting(FolderStore):
    """A store whose manifest another writer replaces just before the n-th swap."""

    def __init__(self, root: Path, before_swap: "list[object]") -> None:
        super().__init__(root)
        self.before_swap = before_swap

    def swap(self, key: str, data: bytes, tag: str | None) -> str:
        """Lets the other one be faster."""
        if self.before_swap:
            self.before_swap.pop()()  # type: ignore[operator]  # pyright: ignore[reportCallIssue, reportUnknownMemberType]
        return super().swap(key, data, tag)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A folder that all hosts see."""
    (tmp_path / "store").mkdir()
    return FolderStore(tmp_path / "store")


def test_two_compactors_race_and_one_does_it_again(tmp_path: Path, store: FolderStore) -> None:
    """The second began before the first had published: its manifest is refused, and it begins again."""
    first = host(tmp_path, "first", store)
    faster: list[object] = [lambda: first.compact(now=NOW)]
    second = host(tmp_path, "second", Interrupting(store.root, faster))
    # one manifest is there, so that the race is about a merge
    first.append(SAMPLES, readings("a", 0, 5), collector="x")
    drain(first)
    first.compact(now=NOW)
    for number in range(3):
        first.append(SAMPLES, readings(f"r{number}", 0, 10), collector="x")
        drain(first)
    generation = first.snapshot().manifest.generation
    done = second.compact(now=NOW)
    assert not faster, "the other compactor came in between"
    assert (done.segments, second.snapshot().manifest.generation) == (0, generation + 1)
    assert held(second) == held(first) == sorted(expected(["a"], 0, 5) + expected(["r0", "r1", "r2"], 0, 10))


def test_a_manifest_that_was_read_before_another_was_published_is_never_put(tmp_path: Path, store: FolderStore) -> None:
    """Also where the tag was refreshed by a later look: the generation must be the next one."""
    first, second = host(tmp_path, "first", store), host(tmp_path, "second", store)
    first.append(SAMPLES, readings("a", 0, 5), collector="x")
    drain(first)
    door = SharedFiles(second.root, store)
    old = manifests.load(door, second.root)
    first.compact(now=NOW)
    manifests.load(door, second.root)
    with pytest.raises(WriteConflict, match="faster"):
        manifests.save(door, second.root, old)
    assert held(second) == expected(["a"], 0, 5)


def test_each_day_is_fetched_once(tmp_path: Path, store: FolderStore) -> None:
    """The second read of a day file asks the store for the manifest and the listing only."""
    writer = host(tmp_path, "writer", store)
    writer.append(SAMPLES, readings("a", 0, 50), collector="x")
    drain(writer)
    writer.compact(now=NOW)
    asked: list[str] = []

    class Counting(FolderStore):
        def get(self, key: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
            asked.append(key)
            return super().get(key)

    reader = host(tmp_path, "reader", Counting(store.root))
    assert held(reader) == held(reader) == expected(["a"], 0, 50)
    assert [key.split("/")[0] for key in asked].count("samples") == 1


def test_what_was_changed_on_the_way_is_fetched_again_and_never_read(tmp_path: Path, store: FolderStore) -> None:
    """A flipped bit in the cache: fetched anew; a flipped bit in the store: left out, and told."""
    writer, reader = host(tmp_path, "writer", store), host(tmp_path, "reader", store)
    writer.append(SAMPLES, readings("a", 0, 50), collector="x")
    drain(writer)
    writer.compact(now=NOW)
    assert len(held(reader)) == 50
    (cached,) = (reader.root / "samples").glob("d-*.parquet")
    _flip(cached)
    assert held(reader) == expected(["a"], 0, 50)
    (stored,) = (store.root / "samples").glob("d-*.parquet")
    _flip(stored)
    _flip(cached)
    snapshot = reader.snapshot()
    assert snapshot.scan(SAMPLES).collect().height == 0
    assert [d.reason for d in snapshot.damage(NOW, NOW + timedelta(days=1)).values()] == [
        "the bytes have changed since they were written"
    ]


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_store_that_is_gone_is_no_damage(tmp_path: Path, store: FolderStore) -> None:
    """Without the network, appends go on; reads say try again; when it is back everything is there."""
    lake = host(tmp_path, "a", store)
    lake.append(SAMPLES, readings("a", 0, 5), collector="x")
    drain(lake)
    lake.compact(now=NOW)
    store.root.rename(tmp_path / "away")
    lake.append(SAMPLES, readings("a", 5, 5), collector="x")
    for action in (lake.snapshot, lambda: lake.compact(now=NOW), lambda: drain(lake)):
        with pytest.raises(NoAnswer, match="is not there"):
            action()
    (tmp_path / "away").rename(store.root)
    drain(lake)
    lake.compact(now=NOW)
    assert held(lake) == expected(["a"], 0, 10)
    assert lake.snapshot().manifest.damaged == {}


def test_the_cache_is_bounded(tmp_path: Path, store: FolderStore) -> None:
    """What was not used for half an hour goes, oldest first; it is fetched again when it is needed."""
    lake = host(tmp_path, "a", store, cache_bytes=1)
    for day in range(3):
        rows = [{**row, "ts": NOW - timedelta(days=day)} for row in readings("a", 0, 1)]
        lake.append(SAMPLES, rows, collector="x")
    drain(lake)
    lake.compact(now=NOW)
    cached = list((lake.root / "samples").glob("*.parquet"))
    assert len(cached) >= 3, "what was just used stays"
    for path in cached:
        os.utime(path, (0, 0))
    lake.compact(now=NOW)
    assert list((lake.root / "samples").glob("*.parquet")) == []
    assert lake.snapshot().scan(SAMPLES).collect().height == 3


def test_a_spool_bundles_by_day_and_keeps_the_last_write(tmp_path: Path) -> None:
    """Many segments become one a table and day; of a key that was written twice the later value goes."""
    spool = Spool(tmp_path, host="a", most_bytes=10**9)
    for n in range(5):
        spool.append(SAMPLES, readings("a", n * 10, 10))
    spool.append(SAMPLES, [{**readings("a", 0, 1)[0], "cpu_utilization_pct": 77.0}])
    spool.append(SAMPLES, [{**readings("a", 0, 1)[0], "ts": NOW + timedelta(days=1)}])
    ((bundle),) = list(spool.bundles())
    assert [(part.collector, part.first.date()) for part, _ in bundle.parts] == [
        ("a", NOW.date()),
        ("a", NOW.date() + timedelta(days=1)),
    ]
    frame = pl.read_ipc_stream(io.BytesIO(bundle.parts[0][1]))
    assert frame.height == 50
    assert frame.filter(pl.col("ts") == NOW)["cpu_utilization_pct"].to_list() == [77.0]
    assert [bundle.parts for bundle in spool.bundles()] == [bundle.parts], "the same again until it is forgotten"


def test_a_full_spool_and_a_full_disk_refuse(tmp_path: Path) -> None:
    """Nothing is acknowledged then, and the line says what to do."""
    spool = Spool(tmp_path / "a", host="a", most_bytes=1)
    spool.append(SAMPLES, readings("a", 0, 1))
    with pytest.raises(DiskError, match="wait to be shipped, \\[ship\\] spool_mb"):
        spool.append(SAMPLES, readings("a", 1, 1))

    class Full(Files):
        def space(self, folder: Path) -> tuple[int, int]:
            del folder
            return 1, 10**12

    with pytest.raises(DiskError, match="must stay free"):
        Spool(tmp_path / "b", host="a", most_bytes=10**9, files=Full()).append(SAMPLES, readings("a", 0, 1))


def test_a_damaged_segment_is_set_aside_and_the_rest_goes(tmp_path: Path, store: FolderStore) -> None:
    """A flipped bit in the spool costs its own rows, which are kept with the reason."""
    lake = host(tmp_path, "a", store)
    names = [lake.append(SAMPLES, readings("a", n * 10, 10), collector="x") for n in range(3)]
    _flip(lake.spool.root / "samples" / names[1])
    drain(lake)
    assert held(lake) == sorted(expected(["a"], 0, 10) + expected(["a"], 20, 10))
    assert lake.spool.waiting().refused == 1
    assert b"have changed" in (lake.spool.root / "refused" / "samples" / f"{names[1]}.json").read_bytes()


def test_what_was_derived_is_seen_by_other_machines(tmp_path: Path, store: FolderStore) -> None:
    """Rollups of the owner are there for a reader, also after they were replaced, and retention goes through."""
    owner, reader = host(tmp_path, "owner", store), host(tmp_path, "reader", store)
    owner.append(SAMPLES, readings("a", 0, 10), collector="x")
    drain(owner)
    owner.compact(now=NOW)
    assert owner.roll_up(now=NOW + timedelta(days=1)) == 1
    first = reader.snapshot().partitions("days")
    owner.append(SAMPLES, readings("b", 0, 10), collector="x")
    drain(owner)
    owner.compact(now=NOW)
    owner.roll_up(now=NOW + timedelta(days=1))
    second = reader.snapshot().partitions("days")
    assert (len(first), len(second), first == second) == (1, 1, False)


def test_the_inventory_goes_first(tmp_path: Path) -> None:
    """A sample whose resource is not known yet would be nobody's."""
    spool = Spool(tmp_path, host="a", most_bytes=10**9)
    spool.append(SAMPLES, readings("a", 0, 1))
    spool.append(RESOURCES, [{"ts": NOW, "resource_id": "a", "source": "t", "name": "a", "type": "cluster"}])
    assert [bundle.table for bundle in spool.bundles()] == ["resources", "samples"]


def test_a_manifest_race_that_never_ends_is_told(tmp_path: Path, store: FolderStore) -> None:
    """After five attempts it is somebody else's turn: try again, exit code 75."""

    class Always(FolderStore):
        def swap(self, key: str, data: bytes, tag: str | None) -> str:
            del data, tag
            raise WriteConflict(f"{key}: another writer was faster; try again")

    lake = host(tmp_path, "a", Always(store.root))
    with pytest.raises(TemporaryError, match="faster") as raised:
        lake.compact(now=NOW)
    assert raised.value.exit_code == 75


def test_a_quick_look_proves_what_it_downloads(tmp_path: Path, store: FolderStore) -> None:
    """The service reads no checksums of files that are here; what comes over the network is proven all the same."""
    writer = host(tmp_path, "writer", store)
    writer.append(SAMPLES, readings("a", 0, 50), collector="x")
    drain(writer)
    writer.compact(now=NOW)
    (stored,) = (store.root / "samples").glob("d-*.parquet")
    _flip(stored)
    assert held(host(tmp_path, "reader", store), proven=False) == []


def test_what_was_replaced_leaves_the_store_after_its_grace(tmp_path: Path, store: FolderStore) -> None:
    """Segments and old day files are deleted there too, and a day file that nobody ever named after a week."""
    lake = host(tmp_path, "a", store)
    for n in range(3):
        lake.append(SAMPLES, readings("a", n * 10, 10), collector="x")
        drain(lake)
        lake.compact(now=NOW)
    assert len(store.names("samples")) == 6
    orphan = store.root / "samples" / "d-2026-01-16-0123456789abcdef.parquet"
    orphan.write_bytes(b"of a writer that lost a race")
    week_old = orphan.stat().st_mtime - 8 * 86_400
    os.utime(orphan, (week_old, week_old))
    lake.compact(now=datetime.now(UTC) + timedelta(hours=1))
    names = [entry.name for entry in store.names("samples")]
    assert names == [file.name for file in lake.snapshot().manifest.of("samples").values()]
    assert held(lake) == expected(["a"], 0, 30)


def test_a_host_that_ships_nonsense_stops_nobody(tmp_path: Path, store: FolderStore) -> None:
    """Another schema, an inventory that no report could read, no Parquet: set aside in the store, with the reason."""
    lake = host(tmp_path, "a", store)
    lake.append(SAMPLES, readings("a", 0, 10), collector="x")
    drain(lake)
    good = Segment.parse(store.names("samples")[0].name)
    assert good is not None
    words = encode_segment(SAMPLES.frame(readings("b", 0, 1)).with_columns(cpu_utilization_pct=pl.lit("much")))[0]
    more = encode_segment(SAMPLES.frame(readings("b", 0, 2)))[0]
    cases = {"words": words, "nothing": b"no stream", "more": more}
    shipped = [("samples", name, data) for name, data in cases.items()] + [("resources", "labels", _labeled("[1"))]
    for table, name, data in shipped:
        strange = replace(good, collector=name, rows=1, crc32=checksum(data))
        store.put(f"{table}/{strange.name}", data)
    lake.compact(now=NOW)
    assert held(lake) == expected(["a"], 0, 10)
    assert [key.split("/")[0] for key in lake.refused()] == ["resources", "samples", "samples", "samples"]
    assert lake.snapshot().open == {}


def _labeled(labels: str) -> bytes:
    row = {"ts": NOW, "resource_id": "b", "source": "t", "name": "b", "type": "cluster", "labels": labels}
    return encode_segment(RESOURCES.frame([row]))[0]
