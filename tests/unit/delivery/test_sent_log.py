"""What was sent is noted beside the ledger, a line a message."""

from datetime import UTC, datetime
from pathlib import Path

from plimsoll.delivery.sent_log import SentLog

AT = datetime(2026, 1, 16, 18, tzinfo=UTC)


def test_ids_are_known_again_and_a_torn_line_is_not(tmp_path: Path) -> None:
    """Without a file nothing was sent; what was cut off by a power failure is not taken for an id."""
    log = SentLog(tmp_path / "sent.txt")
    assert log.ids() == frozenset()
    log.add("<daily.1@example.org>", AT)
    log.add("<daily.2@example.org>", AT)
    assert log.ids() == {"<daily.1@example.org>", "<daily.2@example.org>"}
    log.path.write_bytes(log.path.read_bytes()[:-3])
    assert log.ids() == {"<daily.1@example.org>"}


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Beyond a megabyte the older half goes."""
    log = SentLog(tmp_path / "sent.txt")
    line = "2026-01-16T18:00:00Z {}\n"
    log.path.write_text("".join(line.format(f"{n:08}") for n in range(36_000)), encoding="ascii")
    log.add("newest", AT)
    kept = log.ids()
    assert (len(kept), "newest" in kept, "00000000" in kept) == (18_001, True, False)
