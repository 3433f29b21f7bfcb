"""The lake on an S3-compatible server: laws of stores, races, credentials, archives."""

import subprocess
import sys
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, QueryBuilder

from plimsoll.errors import UsageError
from plimsoll.lake import Lake, RetentionPolicy
from plimsoll.lake.settings import SharedPlace
from plimsoll.lake.stores import FolderStore, NoAnswer, Refused, Store, WriteConflict, opened
from plimsoll.lake.stores.objects import profile_keys
from plimsoll.tables import SAMPLES
from tests.object_server import BUCKET, CREDENTIALS, object_server
from tests.shared_lakes import NOW, drain, expected, held, host, readings


@pytest.fixture(scope="module")
def address() -> Generator[str]:
    """An S3-compatible server."""
    with object_server() as address:
        yield address


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment of a host has."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["folder", "objects"])
def store(request: pytest.FixtureRequest, tmp_path: Path, address: str) -> Store:
    """Both kinds keep the same laws."""
    if request.param == "folder":
        (tmp_path / "store").mkdir()
        return FolderStore(tmp_path / "store")
    return opened(f"s3://{BUCKET}/{request.node.name}", endpoint=address)


def test_files_are_put_got_listed_and_deleted(store: Store) -> None:
    """What is not there is a FileNotFoundError; deleting it is fine; a listing shows one folder."""
    with pytest.raises(FileNotFoundError):
        store.get("samples/a")
    assert store.names("samples") == []
    store.put("samples/a", b"one")
    store.put("samples/a", b"two")
    store.put("derived/days/b", b"three")
    assert store.get("samples/a").data == b"two"
    assert [(entry.name, entry.size) for entry in store.names("samples")] == [("a", 3)]
    assert (store.names("derived"), store.folders("derived")) == ([], ["days"])
    store.delete(["samples/a", "samples/never"])
    assert store.names("samples") == []


def test_of_two_swaps_one_is_raced(store: Store) -> None:
    """The first manifest is made once; later ones only by who has read the one before."""
    first = store.swap("M", b"1", None)
    with pytest.raises(WriteConflict):
        store.swap("M", b"other", None)
    second = store.swap("M", b"2", first)
    with pytest.raises(WriteConflict):
        store.swap("M", b"3", first)
    assert store.get("M").data == b"2"
    assert store.get("M").tag == second


def test_a_bucket_that_is_not_there_is_no_empty_lake(address: str) -> None:
    """It is said, with the bucket's name."""
    store = opened("s3://no-such-bucket/x", endpoint=address)
    for action in (lambda: store.get("MANIFEST.json"), lambda: store.names("samples"), lambda: store.put("a", b"")):
        with pytest.raises(Refused, match="no-such-bucket/x: there is no such bucket"):
            action()


def test_a_server_that_is_not_there_is_no_answer() -> None:
    """One line, that names no key of the credentials."""
    store = opened("s3://some-bucket/x", endpoint="http://127.0.0.1:9")
    with pytest.raises(NoAnswer, match="does not answer \\(no connection\\)") as raised:
        store.get("MANIFEST.json")
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "uri", ["s3://", "gs://bucket/x", "s3://key:secret@bucket/x", "relative/folder", "file://host/x"]
)
def test_a_uri_that_is_no_place_is_refused(uri: str) -> None:
    """With what may be written instead."""
    with pytest.raises(UsageError, match=r"is not a location of a lake; write s3://|holds more than a place"):
        opened(uri)


def test_keys_come_from_the_profile_unless_the_environment_has_some(tmp_path: Path) -> None:
    """AWS_PROFILE chooses; a file that is not there or damaged is no profile."""
    path = tmp_path / "credentials"
    path.write_text("[default]\naws_access_key_id = a\n[fleet]\naws_access_key_id = b\naws_secret_access_key = c%d\n")
    file = {"AWS_SHARED_CREDENTIALS_FILE": str(path)}
    assert profile_keys(file) == {"access_key_id": "a"}
    assert profile_keys({**file, "AWS_PROFILE": "fleet"}) == {"access_key_id": "b", "secret_access_key": "c%d"}
    assert profile_keys({**file, "AWS_ACCESS_KEY_ID": "own"}) == {}
    assert profile_keys({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}) == {}


_COMPACTOR = """
import sys
from pathlib import Path
from datetime import timedelta
from plimsoll.errors import TemporaryError
from plimsoll.lake.stores import opened
from plimsoll.tables import SAMPLES
from tests.shared_lakes import NOW, drain, host, readings
uri, endpoint, folder, name = sys.argv[1:]
lake = host(Path(folder), name, opened(uri, endpoint=endpoint))
for n in range(12):
    lake.append(SAMPLES, readings(name, n * 10, 10), collector="x")
    try:
        drain(lake)
        lake.compact(now=NOW)
    except TemporaryError as error:
        print(error)
"""


@pytest.mark.slow
def test_two_compacting_processes_lose_and_double_nothing(tmp_path: Path, address: str) -> None:
    """Both ship and compact into one prefix as fast as they can; at the end every row is there once."""
    uri = f"s3://{BUCKET}/race"
    racing = [
        subprocess.Popen(
            [sys.executable, "-c", _COMPACTOR, uri, address, str(tmp_path), name],
            stdout=subprocess.PIPE,
        )
        for name in ("a", "b")
    ]
    for process in racing:
        process.communicate(timeout=180)
        assert process.returncode == 0
    lake = host(tmp_path, "judge", opened(uri, endpoint=address))
    lake.compact(now=NOW + timedelta(hours=2))
    assert held(lake) == expected(["a", "b"], 0, 120)
    assert lake.snapshot().open == {}


def test_a_copy_goes_to_the_archive_before_a_day_is_dropped(tmp_path: Path, address: str) -> None:
    """[retention] archive may be an object store; the copy is read back first."""
    lake = Lake(tmp_path / "lake")
    rows = [{**readings("a", 0, 1)[0], "ts": NOW - timedelta(days=n)} for n in range(60)]
    lake.append(SAMPLES, rows, collector="t")
    lake.compact(now=NOW)
    lake.roll_up(now=NOW)
    archive = opened(f"s3://{BUCKET}/archive", endpoint=address)
    kept = RetentionPolicy(days={"samples": 50}, reason_to_keep=lambda _t, _d: None, archive=archive)
    planned = lake.plan_retention(kept, now=NOW).drops
    originals = {drop.file: (lake.root / "samples" / drop.file).read_bytes() for drop in planned}
    assert lake.apply_retention(kept, planned, now=NOW) == planned
    assert {entry.name for entry in archive.names("samples")} == originals.keys()
    assert all(archive.get(f"samples/{name}").data == data for name, data in originals.items())
    assert {row["archive"] for row in lake.audit()} == {f"s3://{BUCKET}/archive"}


def test_a_whole_lake_moves_into_a_bucket_and_back(tmp_path: Path, address: str) -> None:
    """Its files are those of a local lake, name for name."""
    lake = host(tmp_path, "a", opened(f"s3://{BUCKET}/moved", endpoint=address))
    lake.append(SAMPLES, readings("a", 0, 100), collector="x")
    drain(lake)
    lake.compact(now=NOW)
    lake.backup(tmp_path / "copy")
    rows = Lake(tmp_path / "copy").snapshot().scan(SAMPLES, columns=["resource_id"]).collect()
    assert rows.height == 100


def test_a_catalog_in_the_bucket_names_the_day_files_of_the_lake(tmp_path: Path, address: str) -> None:
    """Read back through deltalake: the rows that the lake has, before and after a day was written anew."""
    uri = f"s3://{BUCKET}/catalog"
    lake, place = (
        host(tmp_path, "a", opened(uri, endpoint=address)),
        SharedPlace.model_validate({"uri": uri, "endpoint": address}),
    )
    options = {"aws_endpoint": address, "aws_allow_http": "true"}
    for first in (0, 50):
        lake.append(SAMPLES, readings("a", first, 50), collector="x")
        drain(lake)
        lake.compact(now=NOW)
        lake.publish_catalog(place, now=NOW)
        delta = DeltaTable(f"{uri}/samples", storage_options=options)
        counted = (
            QueryBuilder().register("samples", delta).execute("select count(*) as n, max(ts) as last from samples")
        )
        assert delta.count() == first + 50
        assert pl.DataFrame(counted.read_all()).row(0) == (first + 50, NOW + timedelta(seconds=first + 49))
    assert held(lake) == expected(["a"], 0, 100)
