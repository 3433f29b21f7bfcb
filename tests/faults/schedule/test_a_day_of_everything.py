"""24 hours of everything that `plimsoll up` does, in one process and on one clock of the test: the real job bodies.

A small fleet of which one target flaps, an impossible sensor value each hour, a mail server that fails for hours:
nothing is lost, nothing is doubled, the report is complete, and one mail arrives.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest

from plimsoll.collectors.contract import Reading, collection_row
from plimsoll.collectors.session import Collecting
from plimsoll.ledger import RunResult
from plimsoll.project import Project, builtin_root
from plimsoll.project.runner import context
from plimsoll.schedule.engine import Engine
from plimsoll.schedule.heartbeat import driven
from plimsoll.schedule.log import logger
from plimsoll.schedule.owed import Attempt
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.problems import of_jobs
from plimsoll.schedule.run_process import Limits
from plimsoll.schedule.sources import of_sources
from plimsoll.tables import COLLECTIONS, SAMPLES
from tests.clocks import START, OwnedClock
from tests.post_office import open_post_office

STEP_S, STEPS = 300, 24 * 12 + 2
IMPOSSIBLE = 4294967295.0
NAMES = ("a", "b", "c")
CONFIG = """[plimsoll]
name = "day"
[collect]
every = "5m"
[collectors.host]
enabled = false
[collectors.gpu]
enabled = false
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "plimsoll@example.org"
[recipients.all]
address = "ops@example.org"
"""


@dataclass
class Site:
    """Three resources, of which `c` does not answer every other hour; each hour a sensor of `a` says what cannot be."""

    rounds: int = 0
    given: list[tuple[str, datetime]] = field(default_factory=list[tuple[str, datetime]])

    def read(self, now: datetime, monotonic: float) -> Reading:
        """One round."""
        assert monotonic > 0
        reading, hour = Reading(), self.rounds // 12
        for name in NAMES:
            down = name == "c" and hour % 2 == 1
            reading.collections.append(
                collection_row(now, source="site", target=name, ok=not down, reason="timed out" if down else None,
                               duration_s=0.1, rows=0 if down else 1)
            )  # fmt: skip
            if down:
                continue
            if self.rounds == 0:
                reading.resources.append({"ts": now, "resource_id": name, "source": "site", "name": name,
                                          "type": "cluster", "interval_s": float(STEP_S)})  # fmt: skip
            self.given.append((name, now))
            heat = IMPOSSIBLE if name == "a" and self.rounds % 12 == 6 else 50.0
            row = {"ts": now, "resource_id": name, "device": "", "source": "site", "gpu_temperature_c": heat}
            reading.samples.append(row | {"cpu_utilization_pct": 20.0 + self.rounds % 7})
        self.rounds += 1
        return reading

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where the machine has such a place: a day has many commits."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def _real(project: Project, clock: OwnedClock) -> Callable[[Attempt, Limits, Callable[[], bool]], RunResult]:
    """The bodies that ship, in this process and on this clock."""

    def execute(attempt: Attempt, _: Limits, __: Callable[[], bool]) -> RunResult:
        window = attempt.window
        project.job(attempt.task.name).run(context(project, clock=clock, as_of=window.end, start=window.start))
        return RunResult("success", 0.0)

    return execute


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(folder: Path) -> None:
    """A day from evening to evening, over the report of 07:00; the mail server refuses until 11:00."""
    clock, site = OwnedClock(START), Site()
    with open_post_office(folder, tls=False) as office:
        (folder / "config.toml").write_text(CONFIG.format(port=office.port), encoding="utf-8")
        project = Project(folder, builtin_root())
        plan = Plan.load(project)
        collecting = Collecting(project.config(), readers={"site": site})
        running = Engine(project, clock, _real(project, clock), logger(out=StringIO()), plan)
        running.begin()
        refused: list[datetime] = []

        def answer(_: object) -> str:
            if clock.now() >= datetime(2026, 1, 17, 11, tzinfo=UTC):
                return "250 OK"
            refused.append(clock.now())
            return "451 try again later"

        office.answer = answer
        for step in range(STEPS):
            collecting.round(clock.now(), clock.monotonic())
            collecting.flush(project.lake)
            clock.advance(STEP_S)
            if step % 3 == 2:
                running.pass_all()
        assert len(refused) >= 3
        assert [(str(mail["To"]), "day" in str(mail["Subject"])) for mail in office.received] == [
            ("ops@example.org", True)
        ]
    _every_reading_once(project, site)
    _the_report_is_complete(project)
    now = clock.now()
    assert of_jobs(project, plan, now, grace=timedelta(minutes=20)) == []
    assert project.ledger.failures(START) == []
    assert project.outbox.problems(now) == []
    sources = of_sources(project, driven(project), now)
    assert [line.partition(" within a day")[0] for line in sources.problems] == [
        "site a: values that cannot be were left out of 24 readings"
    ]


def _every_reading_once(project: Project, site: Site) -> None:
    lake = project.lake.snapshot()
    kept = lake.scan(SAMPLES).collect()
    assert sorted(kept.select("resource_id", "ts").rows()) == sorted(site.given)
    assert kept["cpu_utilization_pct"].null_count() == 0
    hot = kept.filter(pl.col("gpu_temperature_c").is_null())
    assert (set(hot["resource_id"]), hot.height) == ({"a"}, 24)
    told = lake.scan(COLLECTIONS).collect()
    assert told.height == site.rounds * len(NAMES)
    assert told.filter(pl.col("reason").str.contains("4294967295 cannot be")).height == 24


def _the_report_is_complete(project: Project) -> None:
    latest = project.data / "published" / "latest"
    page = (latest / "daily.html").read_text(encoding="utf-8")
    assert all((latest / f"{name}.json").is_file() for name in ("performance", "optimization", "situation"))
    assert "could not be made" not in page
    assert all(f">{name}<" in page or f" {name} " in page for name in NAMES)
