"""24 hours of everything that `plimsoll up` does, in one process and on one clock of the test: the real job bodies.

The owner's own readings, those that another host ships to the owner's service, every job, delivery, a kept worker, and
people who ask the service. One target flaps, a sensor says each hour what cannot be, the mail server refuses for hours,
the service takes no segment for two, a worker dies: nothing is lost, nothing is doubled, the reports are complete, one
mail arrives, and `status` says what was wrong.
"""

import json
import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import polars as pl
import pytest
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from plimsoll.api.app import application
from plimsoll.api.documents import answering
from plimsoll.api.segments import Taking, taking
from plimsoll.api.tokens import Tokens
from plimsoll.api.workers import Workers
from plimsoll.clock import rfc3339
from plimsoll.collectors.contract import Reading, collection_row
from plimsoll.collectors.session import Collecting
from plimsoll.config.engine import Serve
from plimsoll.ledger import RunResult
from plimsoll.project import Project, builtin_root
from plimsoll.project.runner import context
from plimsoll.schedule.engine import Engine
from plimsoll.schedule.interval_jobs import IntervalJob, steppers
from plimsoll.schedule.log import logger
from plimsoll.schedule.owed import Attempt
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.project_lock import HEARTBEAT, owned
from plimsoll.schedule.run_process import Limits
from plimsoll.schedule.status import status
from plimsoll.schedule.supervisor import Supervisor
from plimsoll.tables import COLLECTIONS, SAMPLES
from tests.clocks import START, OwnedClock
from tests.post_office import PostOffice, open_post_office
from tests.services import ask

STEP_S, STEPS = 300, 24 * 12 + 2
IMPOSSIBLE = 4294967295.0
NO_SEGMENTS = (datetime(2026, 1, 17, 2, tzinfo=UTC), datetime(2026, 1, 17, 4, tzinfo=UTC))
MAIL_AGAIN = datetime(2026, 1, 17, 11, tzinfo=UTC)
COMMON = """[plimsoll]
name = "day"
[collect]
every = "5m"
[collectors.host]
enabled = false
[collectors.gpu]
enabled = false
"""
CONFIG = """[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "plimsoll@example.org"
[recipients.all]
address = "ops@example.org"
"""


@dataclass
class Site:
    """Resources, of which one may not answer every other hour; each hour a sensor of the first says what cannot be."""

    names: tuple[str, ...]
    flaps: str = ""
    rounds: int = 0
    given: list[tuple[str, datetime]] = field(default_factory=list[tuple[str, datetime]])

    def read(self, now: datetime, monotonic: float) -> Reading:
        """One round."""
        assert monotonic > 0
        reading, hour = Reading(), self.rounds // 12
        for name in self.names:
            down = name == self.flaps and hour % 2 == 1
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
            heat = IMPOSSIBLE if name == self.names[0] and self.rounds % 12 == 6 else 50.0
            row = {"ts": now, "resource_id": name, "device": "", "source": "site", "gpu_temperature_c": heat}
            reading.samples.append(row | {"cpu_utilization_pct": 20.0 + self.rounds % 7})
        self.rounds += 1
        return reading

    def close(self) -> None:
        """Nothing is open."""


class InHere:
    """Stands in for the service's processes: the same work, in this process."""

    def __init__(self, work: Callable[[bytes], bytes]) -> None:
        self._work = work

    async def asked(self, question: bytes) -> bytes:
        """One answer."""
        return self._work(question)


@dataclass
class Machine:
    """One machine of the test: a project, what reads on it, its steps."""

    project: Project
    site: Site
    steps: list[IntervalJob]

    @classmethod
    def of(cls, project: Project, clock: OwnedClock, site: Site) -> "Machine":
        """The steps that ship, with the readings of the test."""
        steps = steppers(project, clock, lambda _: None)
        for one in steps:
            if one.name == "collect":
                one.wired = replace(one.wired, _open=[Collecting(project.config(), readers={"site": site})])
        return cls(project, site, steps)

    def step(self) -> None:
        """Each step that is due; a host ships after it has read."""
        for one in sorted(self.steps, key=lambda one: one.name):
            one.step()


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where the machine has such a place: a day has many commits."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def project_in(folder: Path, config: str, *, collect_only: bool = False) -> Project:
    """A project with this config."""
    folder.mkdir()
    (folder / "config.toml").write_text(COMMON + config, encoding="utf-8")
    os.utime(folder / "config.toml", (0, 0))
    return Project(folder, builtin_root(), collect_only=collect_only)


def real(project: Project, clock: OwnedClock) -> Callable[[Attempt, Limits, Callable[[], bool]], RunResult]:
    """The bodies that ship, in this process and on this clock."""

    def execute(attempt: Attempt, _: Limits, __: Callable[[], bool]) -> RunResult:
        window = attempt.window
        project.job(attempt.task.name).run(context(project, clock=clock, as_of=window.end, start=window.start))
        return RunResult("success", 0.0)

    return execute


def service(project: Project, clock: OwnedClock) -> ASGIApp:
    """The service that ships, on this clock; for two hours of the night it takes no segment."""
    wired, root = context(project, clock=clock), str(project.root)
    app = application(
        lambda: replace(wired, as_of=clock.now()),
        Serve.model_validate({"requests_per_minute": 100_000}),
        project.jobs(),
        cast("Workers", InHere(answering(root))),
        Taking(cast("Workers", InHere(taking(root))), clock.now),
        local=True,
        problems=lambda: status(project, clock).problems,
    )

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        busy = scope["type"] == "http" and scope["method"] == "POST" and NO_SEGMENTS[0] <= clock.now() < NO_SEGMENTS[1]
        await (JSONResponse({"error": "busy"}, 503) if busy else app)(scope, receive, send)

    return answer


@contextmanager
def listening(app: ASGIApp) -> Generator[int]:
    """The application on a free port of this machine, on a thread of this process; gives the port."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)


def refuses_until(office: PostOffice, clock: OwnedClock) -> list[datetime]:
    """The mail server says 451 until 11:00; gives when it did."""
    refused: list[datetime] = []

    def answer(_: object) -> str:
        if clock.now() >= MAIL_AGAIN:
            return "250 OK"
        refused.append(clock.now())
        return "451 try again later"

    office.answer = answer
    return refused


def beats(project: Project, clock: OwnedClock, worker: Supervisor) -> None:
    """What the daemon writes of itself every few seconds."""
    down = {worker.name: worker.trouble} if worker.trouble else {}
    written = {"at": rfc3339(clock.now()), "pid": os.getpid(), "held": False, "troubles": {}, "workers": down}
    (project.data / HEARTBEAT).write_text(json.dumps(written), encoding="utf-8")


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day from evening to evening, over the report of 07:00."""
    clock = OwnedClock(START)
    with open_post_office(folder, tls=False) as office:
        refused = refuses_until(office, clock)
        owner = project_in(folder / "owner", CONFIG.format(port=office.port))
        monkeypatch.setenv("SHIPS", Tokens(owner.data / "tokens.json").new("edge", ("ship:edge",), clock.now()))
        reads = Tokens(owner.data / "tokens.json").new("desk", (), clock.now())
        with listening(service(owner, clock)) as port, owned(owner.data, command="up", now=clock.now()):
            to = f'[ship]\nto = "http://127.0.0.1:{port}"\ntoken_env = "SHIPS"\n[machine]\nid = "edge"\n'
            edge = project_in(folder / "edge", to, collect_only=True)
            here = Machine.of(owner, clock, Site(("a", "b", "c"), flaps="c"))
            there = Machine.of(edge, clock, Site(("edge",)))
            answers = a_day(clock, here, there, port, reads)
            assert answers["document"] == {200}
            assert answers["problems"] == {"site a", "site c", "site edge edge", "ship"}
            problems = problems_of(owner, clock)
        assert len(refused) >= 3
        assert [str(mail["To"]) for mail in office.received] == ["ops@example.org"]
    every_reading_once(owner, here.site, there.site)
    the_report_is_complete(owner)
    assert edge.spool is not None
    assert (edge.spool.waiting().segments, edge.spool.waiting().refused) == (0, 0)
    assert owner.ledger.failures(START) == []
    assert [line.partition(" within a day")[0] for line in problems] == [
        f"site {name}: values that cannot be were left out of 24 readings" for name in ("a", "edge edge")
    ]


def a_day(clock: OwnedClock, here: Machine, there: Machine, port: int, token: str) -> dict[str, set[Any]]:
    """Steps, lanes, the kept worker and questions, in turn; gives what the service answered."""
    engines = [
        Engine(one.project, clock, real(one.project, clock), logger(out=StringIO()), Plan.load(one.project))
        for one in (here, there)
    ]
    lives = iter(["exit 3", "exit 3"])  # a worker that dies twice, and then stays
    words = lambda: ["sh", "-c", next(lives, "exec sleep 600")]  # noqa: E731
    worker = Supervisor("serve", words, clock, logger(out=StringIO()))
    answers: dict[str, set[Any]] = {"document": set(), "problems": set()}
    for one in engines:
        one.begin()
    try:
        for step in range(STEPS):
            here.step()
            there.step()
            clock.advance(STEP_S)
            worker.keep()
            beats(here.project, clock, worker)
            if step % 3 == 2:
                for one in engines:
                    one.pass_all()
            if step % 36 == 35:
                path = "/v2/monitoring/performance?timeRange=24h&granularity=1h"
                headers = {"Authorization": f"Bearer {token}", "Host": "127.0.0.1"}
                answers["document"].add(ask(port, path, headers=headers).status)
                seen = problems_of(here.project, clock)
                seen += [line for line in status(there.project, clock).problems if line.startswith("ship: failed")]
                answers["problems"].update(line.partition(":")[0] for line in seen)
                assert ask(port, "/healthz", headers={"Host": "127.0.0.1"}).status == 200
    finally:
        worker.stop()
    assert worker.trouble == ""
    return answers


def problems_of(project: Project, clock: OwnedClock) -> list[str]:
    """What `status` says, but for the step of ten seconds that this test takes every five minutes."""
    return [line for line in status(project, clock).problems if not line.startswith("ship: last ran")]


def every_reading_once(project: Project, *sites: Site) -> None:
    """Of each site, in the owner's lake, with what could not be left out and named."""
    lake = project.lake.snapshot()
    kept = lake.scan(SAMPLES).collect()
    given = [one for site in sites for one in site.given]
    assert sorted(kept.select("resource_id", "ts").rows()) == sorted(given)
    assert kept["cpu_utilization_pct"].null_count() == 0
    hot = kept.filter(pl.col("gpu_temperature_c").is_null())
    assert dict(hot.group_by("resource_id").len().iter_rows()) == dict.fromkeys(("a", "edge"), 24)
    noted = lake.scan(COLLECTIONS).collect().filter(pl.col("source") == "site")
    assert noted.height == sum(site.rounds * len(site.names) for site in sites)
    assert noted.filter(pl.col("reason").str.contains("4294967295 cannot be")).height == 48


def the_report_is_complete(project: Project) -> None:
    """Every part of it was made, and names every resource, also the shipped one."""
    latest = project.data / "published" / "latest"
    page = (latest / "daily.html").read_text(encoding="utf-8")
    assert all((latest / f"{name}.json").is_file() for name in ("performance", "optimization", "situation"))
    assert "could not be made" not in page
    assert all(f">{name}<" in page or f" {name} " in page for name in ("a", "b", "c", "edge"))
