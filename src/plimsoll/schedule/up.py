"""`plimsoll up`: one process that owns the project, ticks, keeps its workers, and ends within ten seconds."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import FrameType
from typing import Final

from plimsoll.atomic import write_atomically
from plimsoll.clock import Clock, rfc3339
from plimsoll.errors import LakeError, PlimsollError, UsageError
from plimsoll.project import Project
from plimsoll.schedule.clock_watch import Watch
from plimsoll.schedule.engine import LANES, Engine
from plimsoll.schedule.interval_jobs import steppers
from plimsoll.schedule.log import Log
from plimsoll.schedule.nothing_owed import unless_nothing_is_owed
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.project_lock import COLLECT_ONLY, HEARTBEAT, owned
from plimsoll.schedule.run_process import subprocess_executor, worker_command
from plimsoll.schedule.supervisor import Supervisor
from plimsoll.schedule.timer import Ticks
from plimsoll.schedule.with_parent import with_parent

HEARTBEAT_S: Final = 5.0
LANE_TICK_S: Final = 2.0
_BETWEEN_READINGS_S: Final = 1.0
_LONGEST_TICK_S: Final = 86_400.0


def up(project: Project, clock: Clock, log: Log, *, serve: Iterable[str] = ()) -> None:
    """Runs the scheduler until SIGTERM or SIGINT; SIGHUP reads the config again. `serve` are words of a command."""
    _somewhere_to_ship(project)
    plan = Plan.load(project)
    command = f"up --{COLLECT_ONLY}" if project.only_collects else "up"
    with owned(project.data, command=command, now=clock.now(), allow_network_fs=project.allows_network_fs):
        log.info("up", project=str(project.root), jobs=len(plan.tasks), zone=plan.zone.key, pid=os.getpid())
        engine = _engine(project, clock, log, plan)
        Daemon(engine, _keepers(engine, list(serve))).run()
        log.info("down")


def tick(project: Project, clock: Clock, log: Log) -> int:
    """One pass over everything that is due, for cron and systemd timers; gives how many attempts were made."""
    _somewhere_to_ship(project)
    plan = Plan.load(project)
    with owned(project.data, command="tick", now=clock.now(), allow_network_fs=project.allows_network_fs):
        engine = _engine(project, clock, log, plan)
        lost = _without_a_ledger(engine)
        steps = steppers(project, clock, log.warning)
        for stepper in steps:
            stepper.step()
        if steps:
            clock.sleep(_BETWEEN_READINGS_S)
        for stepper in steps:
            stepper.step()  # the second reading makes rates of the first one's counters
            stepper.wired.close(for_good=False)
        try:
            if lost is not None:
                raise lost
            return engine.pass_all()
        finally:
            _ticked(project, clock)


def _engine(project: Project, clock: Clock, log: Log, plan: Plan) -> Engine:
    execute = unless_nothing_is_owed(project, clock, subprocess_executor(project.root))
    return Engine(project, clock, execute, log, plan)


def _ticked(project: Project, clock: Clock) -> None:
    """Notes that ticks come, and how often: between two of them nothing runs, and that is right."""
    path, now = project.data / HEARTBEAT, clock.now()
    try:
        before = json.loads(path.read_bytes())
        every_s = (now - datetime.fromisoformat(before["at"])).total_seconds() if before["command"] == "tick" else 0.0
    except (OSError, ValueError, KeyError, TypeError):
        every_s = 0.0
    reported = {
        "at": rfc3339(now),
        "pid": os.getpid(),
        "command": "tick",
        "everyS": min(max(0.0, every_s), _LONGEST_TICK_S),
    }
    write_atomically(path, json.dumps(reported).encode(), durable=False)


def _without_a_ledger(engine: Engine) -> PlimsollError | None:
    """Why no window can be made; readings are taken all the same, and only then is it said."""
    try:
        engine.begin()
    except PlimsollError as error:
        return error
    return None


def _somewhere_to_ship(project: Project) -> None:
    if project.only_collects and project.spool is None:
        raise UsageError("a host that only collects needs a place to ship to: set [ship] to, or [lake] uri")


def _role(project: Project) -> list[str]:
    return [COLLECT_ONLY] if project.collect_only else []


def _keepers(engine: Engine, serve: list[str]) -> list[Supervisor]:
    root, log, clock = engine.project.root, engine.log, engine.clock
    kept: list[Supervisor] = []
    if engine.plan.stepping():
        kept.append(
            Supervisor(
                "steps",
                lambda: worker_command(root, "steps", *_role(engine.project)),
                clock,
                log,
                steps=lambda: {name: schedule.step_s for name, schedule in engine.plan.stepping().items()},
                memory_bytes=lambda: engine.plan.settings.memory_limit_mb * 1_000_000,
            )
        )
    if serve:
        words = with_parent(sys.executable, "-m", "plimsoll", *serve, "--project", str(root))
        kept.append(Supervisor("serve", lambda: words, clock, log))
    return kept


@dataclass(slots=True)
class Daemon:
    """The loop around the engine: signals, the clock's watch, the heartbeat file."""

    engine: Engine
    keepers: list[Supervisor]
    _reload: bool = False
    _troubles: dict[str, str] = field(default_factory=dict[str, str])

    def run(self) -> None:
        """Goes until asked to stop."""
        self._handle_signals()
        lanes_go = self._begin()
        actions: dict[str, tuple[float, Callable[[], object]]] = {}
        if lanes_go:
            for lane in LANES:
                actions[lane] = (LANE_TICK_S, self._guarded(lane, partial(self.engine.pass_lane, lane)))
        ticks, watch = Ticks(actions, self.engine.clock), Watch(self.engine.clock)  # ticks need its steps alone
        ticks.start()
        try:
            self._loop(ticks, watch)
        finally:
            self.engine.stopping.set()
            for keeper in self.keepers:
                keeper.stop()
            ticks.stop()
            (self.engine.project.data / HEARTBEAT).unlink(missing_ok=True)

    def _begin(self) -> bool:
        """Without a ledger that can be trusted no window is made, since it might be made twice; reading goes on."""
        try:
            self.engine.begin()
        except LakeError as error:
            self.engine.log.critical("no reports until the ledger is restored", reason=str(error))
            return False
        return True

    def _loop(self, ticks: Ticks, watch: Watch) -> None:
        beaten = float("-inf")
        while not self.engine.stopping.wait(1.0):
            if watch.look() is not None:
                ticks.rearm()
            self._guarded("clock", self.engine.confirmed_now)()
            if self._reload:
                self._reload = False
                if self.engine.reload():
                    for keeper in self.keepers:
                        keeper.restart()
            for keeper in self.keepers:
                keeper.keep()
            if (now := self.engine.clock.monotonic()) - beaten >= HEARTBEAT_S:
                beaten = now
                self._guarded("heartbeat", self._beat)()

    def _beat(self) -> None:
        down = {keeper.name: why for keeper in self.keepers if (why := keeper.trouble)}
        reported = {
            "workers": down,
            "at": rfc3339(self.engine.clock.now()),
            "pid": os.getpid(),
            "held": not self._confirmed(),
        }
        heartbeat = json.dumps(reported | {"troubles": self._troubles}).encode()
        write_atomically(self.engine.project.data / HEARTBEAT, heartbeat, durable=False)

    def _confirmed(self) -> bool:
        return self.engine.watch is None or self.engine.watch.confirmed

    def _guarded(self, name: str, action: Callable[[], object]) -> Callable[[], None]:
        """The action, with its trouble reported once when it comes and once when it goes."""

        def act() -> None:
            try:
                action()
            except PlimsollError as error:
                if self._troubles.get(name) != str(error):
                    self._troubles[name] = str(error)
                    self.engine.log.warning("cannot go on", lane=name, reason=str(error))
            except Exception:
                self.engine.log.exception("unexpected error (a bug in Plimsoll)", lane=name)
            else:
                if self._troubles.pop(name, None) is not None:
                    self.engine.log.info("goes on", lane=name)

        return act

    def _handle_signals(self) -> None:
        def stop(number: int, _: FrameType | None) -> None:
            if self.engine.stopping.is_set():
                os._exit(128 + number)  # the second one: at once; the kernel ends the workers
            self.engine.stopping.set()

        def reload(*_: object) -> None:
            self._reload = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGHUP, reload)
