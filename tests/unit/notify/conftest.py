"""A fleet of clusters in an empty lake, a clock, and services that take messages."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plimsoll.project import Project
from plimsoll.project.context import Context
from plimsoll.project.runner import context
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks.deliver import outbox, send_due
from plimsoll.tasks.watch_alerts import watch
from tests.clocks import OwnedClock
from tests.receivers import Judge, Receiver, receiver

BEGIN = datetime(2026, 1, 16, 18, tzinfo=UTC)
LINE = '[lines.cpu]\nmetric = "cpu_utilization_pct"\nabove = 90.0\nfor = "5m"\n'


@dataclass
class World:
    """A project, its clock, and what its machines read in the minutes to come: CPU in percent by resource."""

    project: Project
    clock: OwnedClock
    services: ExitStack
    cpu: dict[str, float] = field(default_factory=dict[str, float])

    def configure(self, text: str) -> None:
        """The project's config.toml."""
        (self.project.root / "config.toml").write_text(f'[plimsoll]\nname = "test fleet"\n{LINE}{text}', "utf-8")

    def service(self, judge: Judge | None = None) -> Receiver:
        """One more service."""
        return self.services.enter_context(receiver(self.clock, judge))

    def inventory(self, names: Sequence[str], **more: Any) -> None:  # noqa: ANN401
        """Clusters that are read every half minute."""
        rows: list[dict[str, Any]] = [
            {
                "ts": self.clock.now(), "resource_id": name, "source": "test", "name": name, "type": "cluster",
                "interval_s": 30.0, **more,
            }
            for name in names
        ]  # fmt: skip
        self.project.lake.append(RESOURCES, rows, collector="test")
        self.cpu |= dict.fromkeys(names, 40.0)

    def read(self, minutes: float) -> None:
        """Time passes, and everything is read."""
        rows = [
            {
                "ts": self.clock.now() + timedelta(seconds=30 * step), "resource_id": name, "device": "",
                "source": "test", "cpu_utilization_pct": value,
            }
            for step in range(int(minutes * 2))
            for name, value in self.cpu.items()
        ]  # fmt: skip
        self.project.lake.append(SAMPLES, rows, collector="test")
        self.clock.advance(60 * minutes)

    @property
    def context(self) -> Context:
        """A run of now."""
        return context(self.project, clock=self.clock, as_of=self.clock.now())

    def pass_once(self) -> list[str]:
        """One watch and one delivery; the state of each attempt."""
        watch(self.context)
        return [outcome.kind for _, outcome in send_due(self.context)]

    def states(self) -> list[tuple[str, str]]:
        """(recipient, state) of everything in the outbox."""
        return [(one.recipient, one.state) for one in outbox(self.context).listed(BEGIN - timedelta(days=1))]


@pytest.fixture
def world(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[World]:
    """A world at BEGIN."""
    monkeypatch.setenv("NO_PROXY", "*")
    assert tmp_path
    with ExitStack() as services:
        made = World(project, OwnedClock(BEGIN), services)
        made.configure("")
        yield made


@pytest.fixture
def hook(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Receiver]:
    """Configures `[notify.hook]` as JSON to a new service, with more settings behind it."""

    def make(more: str) -> Receiver:
        service = world.service()
        monkeypatch.setenv("HOOK_URL", service.url())
        world.configure(f'[notify.hook]\nurl_env = "HOOK_URL"\nhosts = ["127.0.0.1"]\n{more}')
        return service

    return make
