"""Shipping: waits longer after each failure, spreads hosts, sets aside what nobody takes, and says what is wrong."""

from pathlib import Path

import pytest

from plimsoll.errors import ConfigError, PlimsollError, TemporaryError, UsageError
from plimsoll.lake import CollectorLake, Segment, SharedLake, Spool
from plimsoll.project import Project
from plimsoll.schedule.doctor import run_checks
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.status import status
from plimsoll.shipping import ship, state_of
from plimsoll.shipping.destinations import SegmentRejected
from plimsoll.tables import SAMPLES
from tests.clocks import OwnedClock
from tests.shared_lakes import readings


class Way:
    """Takes, refuses or fails, as the test says; what arrived is in `came`."""

    to = "the owner"

    def __init__(self, trouble: PlimsollError | SegmentRejected | None = None) -> None:
        self.trouble, self.came, self.tries = trouble, list[str](), 0

    def send(self, table: str, segment: Segment, data: bytes) -> None:
        """One segment."""
        del data
        self.tries += 1
        if self.trouble is not None:
            raise self.trouble
        self.came.append(f"{table}/{segment.collector}")

    def ask(self) -> None:
        """Whether one would arrive."""
        if isinstance(self.trouble, PlimsollError):
            raise self.trouble


def filled(root: Path, host: str = "gpu_a") -> Spool:
    """A spool with one segment."""
    spool = Spool(root / host, host=host, most_bytes=10**9)
    spool.append(SAMPLES, readings("a", 0, 5))
    return spool


def test_waits_grow_and_end_at_a_quarter_of_an_hour(tmp_path: Path, clock: OwnedClock) -> None:
    """One minute, two, four ..., each between half of that and all of it; a success begins anew."""
    spool, way = filled(tmp_path), Way(TemporaryError("the owner: no answer"))
    waits: list[float] = []
    for _ in range(7):
        with pytest.raises(TemporaryError, match=r"no answer; 1 segments .* wait; next try 20"):
            ship(spool, way, clock, every_s=60.0, at_once=True)
        waits.append(state_of(spool.root).not_before_s - clock.now().timestamp())
    for wait, most in zip(waits, [60, 120, 240, 480, 900, 900, 900], strict=True):
        assert most / 2 <= wait <= most
    tries = way.tries
    with pytest.raises(TemporaryError, match="no answer"):
        ship(spool, way, clock, every_s=60.0)
    assert way.tries == tries, "while it waits it asks nobody"
    clock.advance(901)
    way.trouble = None
    assert ship(spool, way, clock, every_s=60.0).segments == 1
    assert state_of(spool.root).failures == 0


def test_hosts_that_start_together_do_not_ship_together(tmp_path: Path, clock: OwnedClock) -> None:
    """Their first passes are spread over the interval, each host's always at the same place."""
    begins: list[float] = []
    for number in range(40):
        spool = filled(tmp_path, f"gpu_{number}")
        way = Way()
        ship(spool, way, clock, every_s=60.0)
        assert way.came == []
        begins.append(state_of(spool.root).not_before_s - clock.now().timestamp())
    assert all(0 <= begin <= 60 for begin in begins)
    assert all(any(edge <= begin < edge + 15 for begin in begins) for edge in (0, 15, 30, 45))


def test_what_nobody_takes_is_set_aside_and_the_rest_goes(tmp_path: Path, clock: OwnedClock) -> None:
    """It does not block the spool, it is not deleted, and the reason is kept."""
    spool = filled(tmp_path)
    assert ship(spool, Way(SegmentRejected("rows refused")), clock, every_s=60.0, at_once=True).refused == 1
    waiting = spool.waiting()
    assert (waiting.segments, waiting.refused) == (0, 1)
    (note,) = (spool.root / "refused" / "samples").glob("*.json")
    assert note.read_text() == '{"reason":"rows refused"}'


def test_a_damaged_note_and_a_clock_that_was_ahead_do_not_stop_shipping(tmp_path: Path, clock: OwnedClock) -> None:
    """The note is only a note."""
    spool, way = filled(tmp_path), Way()
    (spool.root / "shipping.json").write_text('{"failures":3,"not_before_s":99999999999.0,"reason":"x"}')
    assert ship(spool, way, clock, every_s=60.0).segments == 1
    (spool.root / "shipping.json").write_text("{")
    assert state_of(spool.root).failures == 0


def configured(project: Project, text: str) -> Project:
    """The project with these sections."""
    (project.root / "config.toml").write_text(f"[plimsoll]\n{text}")
    return project


def test_the_config_says_which_lake_it_is(project: Project, tmp_path: Path) -> None:
    """Nothing set: here. uri: shared. to alone: elsewhere."""
    assert type(project.lake).__name__ == "Lake"
    assert project.spool is None
    shared = configured(project, f'[lake]\nuri = "{tmp_path}"\n')
    assert isinstance(shared.lake, SharedLake)
    assert not shared.only_collects
    elsewhere = configured(project, '[ship]\nto = "https://owner:8080"\n')
    assert isinstance(elsewhere.lake, CollectorLake)
    assert elsewhere.only_collects


def test_a_collector_collects_and_ships_and_nothing_else(project: Project) -> None:
    """Its jobs are those two; compacting, analysing and reporting are refused in words."""
    collector = configured(project, '[ship]\nto = "https://owner:8080"\n')
    assert sorted(Plan.load(collector).tasks) == ["collect", "ship"]
    assert len(Plan.load(configured(project, "")).tasks) > 5
    collector = configured(project, '[ship]\nto = "https://owner:8080"\n')
    with pytest.raises(UsageError, match="only collects and ships to https://owner:8080: nothing is compacted here"):
        collector.lake.compact(now=OwnedClock().now())
    with pytest.raises(UsageError, match="nothing can be analyzed or reported here"):
        collector.lake.snapshot()
    assert collector.lake.append_missing(SAMPLES, SAMPLES.frame(readings("a", 0, 3)), collector="import") == (3, 0)


def test_status_and_doctor_tell_what_waits_and_why(project: Project, clock: OwnedClock) -> None:
    """How much, since when, and whether the other end answers."""
    collector = configured(project, '[ship]\nto = "http://127.0.0.1:9"\ntoken_env = "PLIMSOLL_TEST_NO_SUCH"\n')
    collector.lake.append(SAMPLES, readings("a", 0, 5), collector="x")
    told = status(collector, clock).spool
    assert told is not None
    assert (told.segments, told.bytes > 0, told.oldest is not None, told.last_shipped) == (1, True, True, None)
    found = {finding.about: finding for finding in run_checks(collector, clock)}
    assert (found["store"].verdict, "PLIMSOLL_TEST_NO_SUCH" in found["store"].text) == ("bad", True)
    assert found["spool"].text.startswith("1 segments")
    assert found["lake"].text == "is kept elsewhere: http://127.0.0.1:9"


@pytest.mark.parametrize("to", ["http://owner:8080", "https://user:pw@owner", "ftp://owner", "owner"])
def test_an_address_that_would_show_the_token_is_refused(project: Project, to: str) -> None:
    """TLS beyond this machine; no credentials in the address, and none in the message."""
    with pytest.raises(ConfigError, match=r"is not an address of a service|holds more than an address") as raised:
        configured(project, f'[ship]\nto = "{to}"\n').config()
    assert "pw" not in str(raised.value)
