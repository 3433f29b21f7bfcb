"""Where the lake's promises turn: the last byte, row, millisecond and day that is inside, and the first that is not."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NoReturn

import polars as pl
import pytest

from plimsoll.errors import DiskError, LakeError
from plimsoll.lake import Lake
from plimsoll.lake.format import files as disk
from plimsoll.lake.format import manifest as manifests
from plimsoll.lake.format.encoding import streaming
from plimsoll.lake.format.files import Files, needed_free_bytes, publish, remove, require_free_space, settle
from plimsoll.lake.format.framing import framed
from plimsoll.lake.format.manifest import Damage, Manifest
from plimsoll.lake.format.segments import Segment, as_written, checksum, describe, span
from plimsoll.lake.maintain.retention import size_of
from plimsoll.lake.read.integrity import CHANGED, MISSING, Proofs, Soundness, overlapping
from plimsoll.lake.read.merging import Window
from plimsoll.lake.shared import validation
from plimsoll.lake.shared.names import Names, of_names
from plimsoll.lake.shared.spool import MOST_ROWS
from plimsoll.tables import MAX_NAME_CHARS, SAMPLES
from tests.strangers import frame

NOW: Final = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
DAY, SECOND, MS = timedelta(days=1), timedelta(seconds=1), timedelta(milliseconds=1)


# Names of files, the order of writing, the manifest


def segment(order: int = 5, first: int = 10, last: int = 20, rows: int | None = 3) -> Segment:
    """One of a host."""
    return Segment(order, "h", first, last, rows, "0123abcd", "arrows")


def test_a_segment_s_name_says_it_all_and_is_read_back() -> None:
    """With and without rows; what is no name is none."""
    for one in (segment(), segment(rows=None), segment(order=10**20 - 1), segment(last=10**13 - 1)):
        assert Segment.parse(one.name) == one
    assert segment().name == "s-00000000000000000005-h-0000000000010-0000000000020-3-0123abcd.arrows"
    assert segment().content == "h-0000000000010-0000000000020-3-0123abcd.arrows"
    assert (segment().short, segment().first, segment().last - segment().first) == (True, segment().first, 10 * MS)
    assert segment().first == datetime(1970, 1, 1, tzinfo=UTC) + 10 * MS
    for wrong in (segment().name[1:], segment().name + "x", segment().name.replace("arrows", "csv"), ""):
        assert Segment.parse(wrong) is None
    assert checksum(b"") == "00000000"
    assert checksum(b"plimsoll") == "7c700fb1"


def test_an_order_an_hour_ahead_is_believed_and_one_beyond_comes_first() -> None:
    """To the nanosecond."""
    hour = 3_600 * 10**9
    inside, beyond, old = segment(hour + 7), segment(hour + 8), segment(1)
    assert as_written([inside, beyond, old], now_ns=7) == [beyond, old, inside]


def test_stamps_that_cannot_be_stored_are_refused() -> None:
    """From 1970 to 2286, both ends inside; no rows have no span."""

    def of(*ms: int) -> pl.DataFrame:
        return pl.DataFrame({"ts": pl.Series(ms).cast(pl.Datetime("ms", "UTC"))})

    assert span(of(0, 10**13 - 1)) == (0, 10**13 - 1)
    for bad in (of(-1, 5), of(5, 10**13), pl.DataFrame({"ts": pl.Series([], dtype=pl.Datetime("ms", "UTC"))})):
        with pytest.raises(LakeError):
            span(bad)
    with pytest.raises(LakeError, match="is not a name"):
        describe(of(1), b"", "arrows", order=1, collector="A b")
    assert describe(of(1, 2), b"x", "arrows", order=4, collector="a.b_1") == Segment(
        4, "a.b_1", 1, 2, 2, checksum(b"x"), "arrows"
    )


def test_each_manifest_is_one_generation_newer_and_the_one_before_stays(tmp_path: Path) -> None:
    """The generation is in a file of its own; an older one put back gives way to the newer of the two."""
    files = Files()
    saved = [manifests.save(files, tmp_path, manifests.load(files, tmp_path)) for _ in range(3)]
    assert [one.generation for one in saved] == [1, 2, 3]
    assert manifests.newest_generation(files, tmp_path) == 3
    previous = (tmp_path / manifests.PREVIOUS).read_bytes()
    assert b'"generation":2' in previous
    assert manifests.whole(files, tmp_path)
    (tmp_path / manifests.NAME).write_bytes(previous)
    assert not manifests.whole(files, tmp_path)
    assert manifests.load(files, tmp_path).generation == 2
    (tmp_path / manifests.NAME).unlink()
    assert not manifests.whole(files, tmp_path)
    (tmp_path / manifests.PREVIOUS).unlink()
    assert manifests.whole(files, tmp_path)
    assert manifests.load(files, tmp_path).generation == 0
    (tmp_path / manifests.GENERATION).write_text("x")
    assert manifests.newest_generation(files, tmp_path) == 0
    assert Manifest().of("samples") == {}
    assert manifests.day_of("d-2026-01-16-0123456789abcdeF.parquet") is None


# The disk


def test_so_much_stays_free_and_not_a_byte_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a GiB, or a fiftieth of a large disk."""
    assert needed_free_bytes(0) == needed_free_bytes(25 * 1024**3) == 512 * 1024**2
    assert needed_free_bytes(10**12) == 2 * 10**10
    free = [2 * 10**10]

    def space(_self: Files, _folder: Path) -> tuple[int, int]:
        return free[0], 10**12

    monkeypatch.setattr(Files, "space", space)
    require_free_space(Files(), tmp_path)
    free[0] -= 1
    with pytest.raises(DiskError, match="19999 MB free, 20000 MB must stay free; nothing was accepted"):
        require_free_space(Files(), tmp_path)


def test_a_file_is_read_whole_whatever_its_size(tmp_path: Path) -> None:
    """Around the piece that is read at a time; a link, a pipe and a folder are no files."""
    files = Files()
    piece = disk._PIECE  # pyright: ignore[reportPrivateUsage]
    for size in (0, 1, piece - 1, piece, piece + 1, 3 * piece):
        data = os.urandom(size)
        publish(files, tmp_path / "f", data)
        assert files.read(tmp_path / "f") == data
        assert files.size(tmp_path / "f") == size
        assert files.identity(tmp_path / "f")[0] == size
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    (tmp_path / "link").symlink_to("f")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder"):
        with pytest.raises(OSError):  # noqa: PT011 - each has words of its own
            files.read(tmp_path / name)
        with pytest.raises(OSError, match="never followed"):
            files.size(tmp_path / name)
        with pytest.raises(OSError, match="never followed"):
            files.identity(tmp_path / name)
    assert files.names(tmp_path / "none") == []
    assert files.names(tmp_path) == ["f", "folder", "link", "pipe"]
    free, total = files.space(tmp_path / "not" / "there")
    assert 0 < free <= total
    with pytest.raises(FileExistsError):
        files.write(tmp_path / "f", b"")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the quota is used up"), (errno.EFBIG, "file size limit"),
        (errno.EROFS, "read-only"), (errno.EIO, "input/output error"), (errno.EPERM, r"\(Operation not permitted"),
    ],
)  # fmt: skip
def test_every_refusal_of_the_disk_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    """Whatever operation it was; what was there before stays, nothing half written is left."""

    def fails(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    publish(Files(), tmp_path / "f", b"old")
    for operation in ("write", "rename", "sync_folder"):
        with monkeypatch.context() as patched:
            patched.setattr(Files, operation, fails)
            with pytest.raises(DiskError, match=said):
                publish(Files(), tmp_path / "f", b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["f"]
    with monkeypatch.context() as patched:
        patched.setattr(Files, "delete", fails)
        with pytest.raises(DiskError, match=said):
            remove(Files(), [tmp_path / "f"])
    with monkeypatch.context() as patched:
        patched.setattr(Files, "sync_folder", fails)
        with pytest.raises(DiskError, match=said):
            settle(Files(), [tmp_path])
    settle(Files(), [tmp_path])
    remove(Files(), [tmp_path / "f", tmp_path / "gone"])
    assert list(tmp_path.iterdir()) == []


# Proofs


def test_a_proof_is_of_exactly_this_file_and_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """By size, time of change and inode; looked at again is younger again."""
    monkeypatch.setattr("plimsoll.lake.read.integrity._MOST_REMEMBERED", 2)
    proofs = Proofs()
    proofs.remember("a", (1, 2, 3), None)
    proofs.remember("b", (1, 2, 3), CHANGED)
    assert (proofs.known("a", (1, 2, 3)), proofs.known("b", (1, 2, 3))) == ((True, None), (True, CHANGED))
    assert proofs.known("a", (1, 2, 4)) == proofs.known("c", (1, 2, 3)) == (False, None)
    proofs.remember("a", (1, 2, 3), None)
    proofs.remember("c", (1, 2, 3), None)
    assert [proofs.known(key, (1, 2, 3))[0] for key in "abc"] == [True, False, True]


def test_damage_concerns_a_window_that_it_touches() -> None:
    """Both ends belong to it; of unknown time it concerns everything; found now goes before known."""
    known = Damage(reason="old", noted_s=1.0, first_ms=10, last_ms=20)
    manifest = Manifest(damaged={"s/a": known, "s/b": Damage(reason="x", noted_s=0.0)})
    assert set(overlapping(manifest, {}, 20, 30)) == set(overlapping(manifest, {}, 0, 10)) == {"s/a", "s/b"}
    assert set(overlapping(manifest, {}, 21, 30)) == set(overlapping(manifest, {}, 0, 9)) == {"s/b"}
    found = {"s/a": Damage(reason="new", noted_s=2.0, first_ms=0, last_ms=99)}
    assert overlapping(manifest, found, 50, 60)["s/a"].reason == "new"


def test_what_is_wrong_with_a_segment_is_found_however_it_is_looked_at(tmp_path: Path) -> None:
    """Changed, cut, empty and missing; deep, with proofs, and at a glance by presence alone."""
    lake = Lake(tmp_path / "lake")
    given = frame("a", 3)
    good = lake.append(SAMPLES, given, collector="t")
    found = Segment.parse(good)
    assert found is not None
    path = lake.root / "samples" / good
    data = path.read_bytes()

    def looked(*, deep: bool, proofs: Proofs | None = None) -> tuple[bool, list[str | None]]:
        sound = Soundness(Files(), lake.root, deep=deep, proofs=proofs)
        return sound.segment("samples", found), [one.reason for one in sound.found.values()]

    assert looked(deep=True) == looked(deep=False, proofs=Proofs()) == (True, [])
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    for harmed, why in ((bytes(flipped), CHANGED), (data[:-1], CHANGED), (b"", "has 0 bytes, more were written")):
        path.write_bytes(harmed)
        assert looked(deep=True) == looked(deep=False, proofs=Proofs()) == (False, [why])
    path.unlink()
    assert looked(deep=True) == (False, [MISSING])
    sound = Soundness(Files(), lake.root, deep=True)
    sound.exclude(["samples/x"])
    sound.exclude_segment("samples", found, "odd")
    assert {key: one.reason for key, one in sound.found.items()} == {"samples/x": CHANGED, f"samples/{good}": "odd"}
    assert not sound.may_be_sound("samples", found)
    assert sound.bytes_of("samples", found) is None


# Windows of rows, a stranger's rows, names


def test_a_window_is_half_open_to_the_millisecond() -> None:
    """[start, end); without a bound it reaches for ever."""
    window = Window.of(NOW, NOW + SECOND)
    start = int(NOW.timestamp() * 1000)
    assert (window.start_ms, window.end_ms) == (start, start + 1000)
    for first, last, touches, holds in (
        (start, start + 999, True, True), (start - 1, start + 5, True, False), (start, start + 1000, True, False),
        (start - 5, start - 1, False, False), (start - 5, start, True, False),
        (start + 1000, start + 1001, False, False),
        (start + 999, start + 999, True, True),
    ):  # fmt: skip
        assert (window.touches(first, last), window.holds(first, last)) == (touches, holds), (
            first - start,
            last - start,
        )
    open_ended = Window.of(None, None)
    assert (open_ended.touches(0, 1), open_ended.holds(0, 1), len(open_ended.asked())) == (True, True, 0)
    assert len(window.asked()) == 2


def shipped(**more: Any) -> Segment:  # noqa: ANN401
    """A segment of a host, now."""
    at = int(NOW.timestamp() * 1000)
    known: dict[str, Any] = {"first_ms": at, "last_ms": at, "rows": 1, "crc32": "0" * 8, "format": "arrows", **more}
    return Segment(1, "h", **known)


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (NOW - 2 * DAY, NOW, ""), (NOW - 2 * DAY - MS, NOW, "more than 2 days"), (NOW, NOW + timedelta(hours=1), ""),
        (NOW, NOW + timedelta(hours=1) + MS, "more than an hour in the future"),
        (datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC), ""),
        (datetime(2000, 1, 1, tzinfo=UTC) - MS, datetime(2000, 1, 1, tzinfo=UTC), "before 2000"),
    ],
)  # fmt: skip
def test_days_that_no_honest_clock_gives_are_refused_to_the_millisecond(
    first: datetime, last: datetime, said: str
) -> None:
    """Two days long, an hour ahead, not before 2000."""
    ms = [round(at.timestamp() * 1000) for at in (first, last)]
    one = shipped(first_ms=ms[0], last_ms=ms[1])
    if not said:
        validation.timely(one, NOW)
        return
    with pytest.raises(LakeError, match=said):
        validation.timely(one, NOW)


def checked(given: pl.DataFrame, **more: Any) -> str:  # noqa: ANN401
    """What is said of these rows at the door; empty where they are taken."""
    data = streaming(given)
    first, last = span(given)
    one = shipped(**{"first_ms": first, "last_ms": last, "rows": given.height, "crc32": checksum(data), **more})
    try:
        assert validation.checked(SAMPLES, one, data).height == given.height
    except LakeError as error:
        return str(error)
    return ""


def test_a_stranger_s_rows_are_as_many_and_as_long_as_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of rows in the name, a name as long as the table allows, all texts and bytes together."""
    given = frame("a", 3)
    assert checked(given) == ""
    assert "3 rows; its name tells 2" in checked(given, rows=2)
    for count in (0, None, MOST_ROWS + 1):
        assert f"a segment has 1 to {MOST_ROWS}" in checked(given, rows=count)
    most = MAX_NAME_CHARS
    assert checked(frame("x" * most)) == ""
    assert f"a value of {most + 1} bytes; {most} are allowed" in checked(frame("x" * (most + 1)))
    assert "source is empty in 2 of 2 rows" in checked(frame("a", 2).with_columns(source=pl.lit(" ")))
    announced = framed(streaming(given)).bytes
    monkeypatch.setattr(validation, "MOST_DECODED", announced)
    assert checked(given) == ""
    monkeypatch.setattr(validation, "MOST_DECODED", announced - 1)
    assert "MiB of rows" in checked(given)
    monkeypatch.undo()
    texts = sum(int(given[name].str.len_bytes().sum()) for name in ("resource_id", "device", "source"))

    def any_size(_size: int) -> None:
        """Only the texts are looked at."""

    monkeypatch.setattr(validation, "_bounded", any_size)
    monkeypatch.setattr(validation, "MOST_DECODED", texts)
    assert checked(given) == ""
    monkeypatch.setattr(validation, "MOST_DECODED", texts - 1)
    assert "MiB of texts" in checked(given)


def test_names_of_a_host_count_to_the_last_one_and_to_the_day(tmp_path: Path) -> None:
    """As many as allowed and not one more; a name of `unseen` ago still counts, one of the day before does not."""
    names = Names(tmp_path, 2, 3 * DAY, Files())
    for resource in ("a", "b", "a"):
        names.admit("h", frame(resource, 1), NOW)
    with pytest.raises(LakeError, match="1 new resources and devices beside 2 of the last 3 days") as raised:
        names.admit("h", frame("c", 1), NOW)
    assert "names_per_host allows 2" in str(raised.value)
    names.admit("other", frame("c", 1), NOW)
    with pytest.raises(LakeError):
        names.admit("h", frame("c", 1), NOW + 3 * DAY)
    names.admit("h", frame("a", 1), NOW + 3 * DAY)
    names.admit("h", frame("c", 1), NOW + 4 * DAY)
    with pytest.raises(LakeError, match="1 new resources and devices beside 2"):
        names.admit("h", frame("d", 1), NOW + 4 * DAY)
    at = NOW + 4 * DAY
    (line,) = of_names(tmp_path, at + DAY)
    assert line.startswith("host h: segments are refused since it names too much, last 2026-03-07T09:30:00Z: 1 new")
    assert of_names(tmp_path, at + DAY + SECOND) == []
    (tmp_path / "h.json").write_text("{")
    assert of_names(tmp_path, at) == []
    (tmp_path / "h.msgpack").write_bytes(b"\xff")
    names.admit("h", frame("d", 2), at)


def test_the_size_of_a_lake_is_that_of_its_files(tmp_path: Path) -> None:
    """Segments and day files, nothing else; free is what its disk has, also before there is a lake."""
    (tmp_path / "lake" / "samples").mkdir(parents=True)
    (tmp_path / "lake" / "samples" / "a.arrows").write_bytes(b"x" * 3)
    (tmp_path / "lake" / "samples" / "b.parquet").write_bytes(b"x" * 4)
    (tmp_path / "lake" / "c.json").write_bytes(b"x" * 100)
    assert size_of(tmp_path / "lake")[0] == 7
    assert size_of(tmp_path / "none")[0] == 0
    assert size_of(tmp_path / "none")[1] > 0
