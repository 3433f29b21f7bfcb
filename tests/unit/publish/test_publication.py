"""Publication: a reader that starts at the manifest never sees a torn or a mixed set."""

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plimsoll.errors import DiskError
from plimsoll.publish.files import place, publish

START, END = datetime(2026, 1, 15, 18, tzinfo=UTC), datetime(2026, 1, 16, 18, tzinfo=UTC)


def put(root: Path, text: str) -> Path:
    """Publishes two files that hold the same text."""
    files = {"a.json": text.encode() * 1000, "b.html": text.encode() * 1000}
    return publish(root, files, start=START, end=END, generation=text)


def test_the_manifest_names_every_file_with_size_and_checksum(tmp_path: Path) -> None:
    """In `latest` and in the folder of the day."""
    latest = put(tmp_path, "x")
    for folder in (latest, tmp_path / "2026/01/16"):
        manifest = json.loads((folder / "manifest.json").read_bytes())
        assert set(manifest["files"]) == {"a.json", "b.html"}
        for name, entry in manifest["files"].items():
            data = (folder / name).read_bytes()
            assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
            assert entry["window"] == {"start": "2026-01-15T18:00:00Z", "end": "2026-01-16T18:00:00Z"}
            assert entry["generation"] == "x"


def test_a_second_kind_of_report_leaves_the_first_ones_entries(tmp_path: Path) -> None:
    """Each file says its own window and state of the lake; a file that has gone is not listed any more."""
    latest = put(tmp_path, "x")
    (latest / "b.html").unlink()
    publish(tmp_path, {"capacity.json": b"{}"}, start=START, end=END, generation="y")
    entries = json.loads((latest / "manifest.json").read_bytes())["files"]
    assert {name: entry["generation"] for name, entry in entries.items()} == {"a.json": "x", "capacity.json": "y"}
    assert entries["capacity.json"]["schema"] == "capacity.schema.json"


def test_a_reader_beside_a_publisher_never_takes_a_torn_file(tmp_path: Path) -> None:
    """Each file is whole at any moment; one that is not the manifest's own is noticed by its checksum."""
    put(tmp_path, "0")
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            put(tmp_path, str(n % 10))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            data = (tmp_path / "latest" / "a.json").read_bytes()
            assert len(data) == 1000
            assert len(set(data)) == 1
            json.loads((tmp_path / "latest" / "manifest.json").read_bytes())
    finally:
        stop.set()
        writer.join()


def test_a_refusing_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """One line with the path; the report before is still whole."""
    put(tmp_path, "1")
    (tmp_path / "2026/01/16/.tmp").write_text("")
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    with pytest.raises(DiskError, match="what was there before stays"):
        put(blocked, "2")
    assert (tmp_path / "latest/a.json").read_bytes() == b"1" * 1000


def at(root: Path, text: str, end: datetime, *, now: datetime | None = None) -> Path:
    """Publishes one file whose window ends then."""
    return publish(root, {"a.json": text.encode()}, start=START, end=end, generation=text, now=now)


def test_latest_only_moves_forward(tmp_path: Path) -> None:
    """A report of an earlier window goes into its own folder; the same window again, and a later one, go to both."""
    earlier, later = END - timedelta(days=3), END + timedelta(days=1)
    assert at(tmp_path, "now", END) == tmp_path / "latest"
    assert at(tmp_path, "old", earlier) == tmp_path / f"{earlier:%Y/%m/%d}"
    latest = tmp_path / "latest" / "a.json"
    assert latest.read_text() == "now"
    assert (tmp_path / f"{earlier:%Y/%m/%d}" / "a.json").read_text() == "old"
    at(tmp_path, "again", END)
    assert latest.read_text() == "again"
    at(tmp_path, "later", later)
    assert latest.read_text() == "later"
    publish(tmp_path, {"other.json": b"{}"}, start=START, end=END, generation="o")
    assert (tmp_path / "latest" / "other.json").exists()


def test_a_later_review_keeps_no_report_out_of_latest(tmp_path: Path) -> None:
    """Of a set that shares a file with a review of this noon, all else moves forward; the manifest says each window."""
    noon = END + timedelta(hours=5)
    publish(tmp_path, {"capacity.html": b"noon", "capacity.json": b"noon"}, start=START, end=noon, generation="r")
    daily = {"daily.html": b"7", "performance.json": b"7", "capacity.json": b"7"}
    assert publish(tmp_path, daily, start=START, end=END, generation="d") == tmp_path / "latest"
    there = {path.name: path.read_bytes() for path in (tmp_path / "latest").iterdir() if path.is_file()}
    listed = json.loads(there.pop("manifest.json"))["files"]
    assert there == {"capacity.html": b"noon", "capacity.json": b"noon", "daily.html": b"7", "performance.json": b"7"}
    assert {name for name, one in listed.items() if one["generation"] == "r"} == {"capacity.html", "capacity.json"}
    for name, one in listed.items():
        assert (tmp_path / "latest" / one["path"]).read_bytes() == there[name]
    assert (tmp_path / "2026/01/16" / "capacity.json").read_bytes() == b"7"
    earlier = {"capacity.html": b"0", "capacity.json": b"0"}
    assert publish(tmp_path, earlier, start=START, end=END, generation="e") == tmp_path / "2026/01/16/180000"


def test_a_window_of_the_future_gives_way(tmp_path: Path) -> None:
    """Made by a clock that was ahead: what is really made now takes its place."""
    at(tmp_path, "ahead", END + timedelta(days=400))
    assert at(tmp_path, "now", END, now=END + timedelta(minutes=1)) == tmp_path / "latest"
    assert (tmp_path / "latest" / "a.json").read_text() == "now"


def daily(root: Path, text: str, end: datetime, *, now: datetime | None = None) -> None:
    """Publishes a page and its document."""
    files = {"daily.html": text.encode(), "performance.json": b"{}"}
    publish(root, files, start=START, end=end, generation=text, now=now)


def test_two_windows_that_end_on_one_day_have_folders_of_their_own(tmp_path: Path) -> None:
    """The first keeps the day's name, where links lead; the other one has its time; `latest` moves forward."""
    noon, day = END + timedelta(hours=1), tmp_path / "2026/01/16"
    daily(tmp_path, "first", END)
    daily(tmp_path, "second", noon)
    assert (day / "daily.html").read_text() == "first"
    assert (day / f"{noon:%H%M%S}" / "daily.html").read_text() == "second"
    assert (tmp_path / "latest" / "daily.html").read_text() == "second"
    daily(tmp_path, "first again", END)
    assert (day / "daily.html").read_text() == "first again"
    publish(tmp_path, {"daily.pdf": b"%PDF"}, start=START, end=noon, generation="p")
    assert (day / f"{noon:%H%M%S}" / "daily.pdf").exists()
    assert not (day / "daily.pdf").exists()
    publish(tmp_path, {"weekly.html": b"w", "weekly.json": b"{}"}, start=START, end=noon, generation="w")
    assert (day / "weekly.html").exists(), "another kind of report shares the day's folder"
    assert place(tmp_path, "daily.html", noon, None) == f"2026/01/16/{noon:%H%M%S}"


def test_a_window_of_a_clock_that_was_ahead_gives_the_folder_back(tmp_path: Path) -> None:
    """What ends after now was no report."""
    ahead = END + timedelta(hours=3)
    daily(tmp_path, "ahead", ahead)
    daily(tmp_path, "right", END, now=END + timedelta(minutes=1))
    assert (tmp_path / "2026/01/16" / "daily.html").read_text() == "right"
