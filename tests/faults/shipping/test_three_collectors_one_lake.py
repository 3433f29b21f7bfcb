"""Three collecting processes, killed at random moments, ship into one lake: a folder, an object store, a service.

The lake ends up with every acknowledged row, once, and with nothing that was never tried.
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from plimsoll.api.tokens import Tokens
from plimsoll.clock import SystemClock
from plimsoll.lake import Lake
from plimsoll.project import Project, builtin_root
from plimsoll.shipping import ship, way_of
from plimsoll.tables import SAMPLES
from tests.faults.shipping.collector import BATCH, SINCE
from tests.object_server import BUCKET, CREDENTIALS, object_server
from tests.services import listening

HOSTS = ("gpu_a", "gpu_b", "gpu_c")
KILLS = 9
LONGEST_S = 60.0


def project_at(root: Path, config: str) -> Project:
    """A project with this config."""
    root.mkdir(parents=True)
    (root / "config.toml").write_text(f"[plimsoll]\n{config}", encoding="utf-8")
    return Project(root, builtin_root())


def by_store(uri: str, endpoint: str) -> Callable[[Path], tuple[Project, list[Project]]]:
    """Owner and hosts share a store."""

    def build(root: Path) -> tuple[Project, list[Project]]:
        place = f'[lake]\nuri = "{uri}"\nendpoint = "{endpoint}"\n'
        hosts = [project_at(root / name, f'{place}[machine]\nid = "{name}"\n') for name in HOSTS]
        return project_at(root / "owner", f'{place}[machine]\nid = "owner"\n'), hosts

    return build


@pytest.fixture(params=["folder", "objects", "service"])
def fleet(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[tuple[Project, list[Project]]]:
    """The owner's project and three hosts' projects, connected in one of the three ways."""
    with ExitStack() as stack:
        if request.param == "folder":
            (tmp_path / "store").mkdir()
            yield by_store(str(tmp_path / "store"), "")(tmp_path)
        elif request.param == "objects":
            for name, value in CREDENTIALS.items():
                monkeypatch.setenv(name, value)
            yield by_store(f"s3://{BUCKET}/three", stack.enter_context(object_server()))(tmp_path)
        else:
            owner = project_at(tmp_path / "owner", "[serve]\nrequests_per_minute = 100000\n")
            tokens = Tokens(owner.data / "tokens.json")
            clock = SystemClock()
            port = stack.enter_context(listening(owner.root))
            hosts: list[Project] = []
            for name in HOSTS:
                monkeypatch.setenv(f"TOKEN_{name}", tokens.new(name, (f"ship:{name}",), clock.now()))
                ways = f'[ship]\nto = "http://127.0.0.1:{port}"\ntoken_env = "TOKEN_{name}"\n'
                hosts.append(project_at(tmp_path / name, f'{ways}[machine]\nid = "{name}"\n'))
            yield owner, hosts


def collecting(project: Project, first: int) -> "subprocess.Popen[bytes]":
    """A collecting process that goes on with batch `first`."""
    words = [str(project.root), str(first)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.shipping.collector", *words], stderr=subprocess.DEVNULL
    )


def noted(project: Project, name: str) -> set[int]:
    """The batches that a host wrote down."""
    path = project.root / name
    return {int(line) for line in path.read_text().splitlines()} if path.exists() else set()


@pytest.mark.slow
def test_the_lake_has_what_was_acknowledged(fleet: tuple[Project, list[Project]]) -> None:
    """SIGKILL in any phase of appending, bundling and shipping; the owner compacts all the while."""
    owner, hosts = fleet
    chance, clock = random.Random(11), SystemClock()
    running = {project: collecting(project, 0) for project in hosts}
    seen, killed, until = dict.fromkeys(hosts, 0), 0, time.monotonic() + LONGEST_S
    while killed < len(hosts) or (killed < KILLS and time.monotonic() < until):
        for project, process in running.items():
            assert process.poll() is None, "it goes on until it is told enough"
            tried = noted(project, "tried")
            if len(tried) > seen[project] and chance.random() < 0.3:
                process.kill()
                process.wait()
                killed += 1
                seen[project] = len(noted(project, "tried"))
                running[project] = collecting(project, max(noted(project, "tried")) + 1)
        owner.lake.compact(now=clock.now(), grace_s=0.0)
        time.sleep(chance.random() * 0.3)
    for project, process in running.items():
        (project.root / "enough").touch()
        assert process.wait(60) == 0
    for project in hosts:
        spool, way = project.spool, way_of(project.config())
        assert spool is not None
        assert way is not None
        ship(spool, way, clock, every_s=1.0, at_once=True)
        assert (spool.waiting().segments, spool.waiting().refused) == (0, 0)
    owner.lake.compact(now=clock.now())
    _judge(owner.lake, hosts)


def _judge(lake: Lake, hosts: list[Project]) -> None:
    frame = lake.snapshot().scan(SAMPLES, columns=["resource_id", "ts"]).collect()
    rows = [(name, round((ts - SINCE).total_seconds())) for name, ts in frame.iter_rows()]
    assert len(rows) == len(set(rows)), "a row is there twice"
    for project, name in zip(hosts, HOSTS, strict=True):
        found = {second // BATCH for host, second in rows if host == name}
        assert noted(project, "acknowledged") <= found <= noted(project, "tried")
        assert len([1 for host, _ in rows if host == name]) == BATCH * len(found), "a batch is there in part"
