"""How a project is: who owns it, what each job did last and does next, and what is wrong. From files, at any time."""

import json
import shutil
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from plimsoll.clock import Clock, rfc3339
from plimsoll.documents.situation import FILE, Counts
from plimsoll.errors import LakeError, PlimsollError
from plimsoll.fleet.known_when import still_to_come
from plimsoll.lake.format.files import needed_free_bytes
from plimsoll.lake.shared.names import FOLDER, of_names
from plimsoll.lake.shared.spool import ASIDE
from plimsoll.ledger import Beat, Ledger
from plimsoll.project import Project
from plimsoll.schedule.clock_watch import FILE as CLOCK
from plimsoll.schedule.clock_watch import problem as clock_problem
from plimsoll.schedule.heartbeat import Driven, driven
from plimsoll.schedule.plan import Plan, Task
from plimsoll.schedule.problems import of_jobs
from plimsoll.schedule.project_lock import COLLECT_ONLY, Owner
from plimsoll.schedule.schedules import Every
from plimsoll.schedule.sources import of_sources
from plimsoll.shipping import state_of
from plimsoll.tables import SAMPLES

STALE_S: Final = 60.0
_TICKS_S: Final = 900.0
_LONGEST_WINDOW = timedelta(days=32)


class JobStatus(Struct, frozen=True, rename="camel"):
    """One job: its last run, how it ended and what it cost, and when the next is due."""

    job: str
    schedule: str
    last_run: str | None
    last_outcome: str | None
    detail: str | None
    next_due: str | None
    seconds: float | None = None
    cpu_s: float | None = None
    max_rss_bytes: int | None = None


class SpoolStatus(Struct, frozen=True, rename="camel"):
    """What waits to be shipped, since when, and when something last arrived."""

    segments: int
    bytes: int
    oldest: str | None
    last_shipped: str | None
    refused: int


class ReportStatus(Struct, frozen=True, rename="camel"):
    """What the last daily report said: the end of its window, its verdict, and of all resources how many were what."""

    end: str
    verdict: str
    facts: str
    judged: int
    total: int
    silent: int
    too_new: int
    too_seldom: int
    not_due: int
    not_seen: int

    @property
    def counts(self) -> Counts:
        """The report's own."""
        return Counts(**{field.name: getattr(self, field.name) for field in fields(Counts)})


class ToCome(Struct, frozen=True, rename="camel"):
    """What a young project does not know yet, and from when it will, if readings go on."""

    what: str
    known_from: str


class Status(Struct, frozen=True, rename="camel"):
    """The whole project; healthy when there is no problem. `spool` is None where the lake is here.

    `report` is None before the first one. `notes` say what was wrong within a day and is over; `to_come` what needs
    more history than there is.
    """

    at: str
    healthy: bool
    scheduler: Owner | None
    problems: tuple[str, ...]
    jobs: tuple[JobStatus, ...]
    spool: SpoolStatus | None = None
    report: ReportStatus | None = None
    notes: tuple[str, ...] = ()
    to_come: tuple[ToCome, ...] = ()


def status(project: Project, clock: Clock) -> Status:
    """Looks; changes nothing."""
    now = clock.now()
    driving = driven(project)
    owned_by = driving.owner
    if owned_by is not None and owned_by.command.endswith(COLLECT_ONLY):
        project = replace(project, collect_only=True)
    plan, spool = Plan.load(project), _of_spool(project)
    beats, sources = project.ledger.beats(), of_sources(project, driving, now)
    problems = [
        *_of_scheduler(driving, now),
        *([line] if (line := clock_problem(project.data / CLOCK)) else []),
        *_of_disk(project.data),
        *_of_ledger(project.ledger.path),
        *(
            p
            for name, every in plan.stepping().items()
            if (p := _of_step(name, every, beats.get(name), now, driving.between_s))
        ),
        *of_jobs(project, plan, now, grace=driving.grace(plan.settings.deadline)),
        *sources.problems,
        *project.outbox.problems(now),
        *_of_refused(spool, project.data / "spool" / ASIDE),
        *of_names(project.data / FOLDER, now),
    ]
    jobs = tuple(_job(task, plan, project, beats.get(task.name), now) for task in plan.tasks.values())
    report, notes = last_report(project.data), tuple(sources.notes)
    coming = _to_come(project, now) if spool is None else ()
    return Status(rfc3339(now), not problems, owned_by, tuple(problems), jobs, spool, report, notes, coming)


def _to_come(project: Project, now: datetime) -> tuple[ToCome, ...]:
    """By the first reading of the lake; a lake that cannot be looked at is reported elsewhere."""
    try:
        span = project.lake.snapshot(proven=False).span(SAMPLES)
    except PlimsollError:
        return ()
    if span is None:
        return ()
    return tuple(ToCome(stage.what, rfc3339(stage.at(span[0]))) for stage in still_to_come(span[0], now))


def last_report(data: Path) -> ReportStatus | None:
    """The situation of the last daily report, as it was published."""
    try:
        reported = json.loads((data / "published" / "latest" / FILE).read_bytes())
        detail = reported["detail"]
        counts = detail["counts"]
        return ReportStatus(
            end=str(reported["window"]["end"]),
            verdict=str(detail["verdict"]),
            facts=str(detail["facts"]),
            total=int(detail["total"]),
            judged=int(counts["judged"]),
            silent=int(counts["silent"]),
            too_new=int(counts["tooNew"]),
            too_seldom=int(counts["tooSeldom"]),
            not_due=int(counts["notDue"]),
            not_seen=int(counts["notSeen"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def upcoming(project: Project, clock: Clock) -> dict[str, str | None]:
    """When each job is due next; None for those that run every few seconds."""
    plan, now = Plan.load(project), clock.now()
    return {task.name: _next(task, plan, now) for task in plan.tasks.values()}


def _next(task: Task, plan: Plan, now: datetime) -> str | None:
    if isinstance(task.schedule, Every):
        return None
    following = next(task.schedule.between(now, now + _LONGEST_WINDOW, plan.zone), None)
    return rfc3339(following.due) if following else None


def _of_scheduler(driving: Driven, now: datetime) -> list[str]:
    owned_by, reported = driving.owner, driving.reported
    age = (now - datetime.fromisoformat(reported["at"])).total_seconds() if reported else 0.0
    if owned_by is None:
        if reported.get("command") == "tick" and age <= max(_TICKS_S, 3 * float(reported.get("everyS", 0.0))):
            return []
        return ["no scheduler is running; start one: plimsoll up"]
    if not owned_by.command.startswith("up") or not reported:
        return []  # it has only just begun
    troubles = [f"{lane}: {trouble}" for lane, trouble in reported.get("troubles", {}).items()]
    for name, why in reported.get("workers", {}).items():
        troubles.append(f"{name}: is not up: {why}; look at the log of plimsoll up")
    if age > STALE_S:
        troubles.append(f"the scheduler (PID {owned_by.pid}) gave no sign of life for {age:.0f} s; start it again")
    return troubles


def _of_disk(data: Path) -> list[str]:
    try:
        space = shutil.disk_usage(data if data.exists() else data.parent)  # looking makes no folder
    except OSError as error:
        return [f"{data}: cannot be looked at ({error.strerror})"]
    needed = needed_free_bytes(space.total)
    if space.free >= needed:
        return []
    return [f"{data}: {space.free // 1_000_000} MB free, {needed // 1_000_000} MB are needed"]


def _of_ledger(path: Path) -> tuple[str, ...]:
    """Damage anywhere in the ledger stops every report; the same file is looked through once, not for each status."""
    try:
        known = path.stat()
    except OSError:
        return ()  # there is none yet, or it is reported where it is read
    return _verified(path, known.st_ino, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=4)
def _verified(path: Path, _inode: int, _size: int, _changed: int) -> tuple[str, ...]:
    try:
        Ledger(path).verify()
    except LakeError as error:
        return (str(error),)
    return ()


def _of_step(name: str, every: Every, beat: Beat | None, now: datetime, between_s: float) -> str | None:
    if beat is None:
        return None
    if beat.failing:
        return f"{name}: failed {beat.failing} times in a row: {beat.detail}"
    age = (now - beat.started).total_seconds()
    if age > max(STALE_S, 3 * every.step_s, between_s):
        return f"{name}: last ran {age:.0f} s ago, every {every.step_s:g} s is asked for"
    return None


def _of_spool(project: Project) -> SpoolStatus | None:
    if (spool := project.spool) is None:
        return None
    waiting, state = spool.waiting(), state_of(spool.root)
    return SpoolStatus(
        waiting.segments, waiting.bytes, _instant(waiting.oldest_s), _instant(state.shipped_s), waiting.refused
    )


def _of_refused(spool: SpoolStatus | None, folder: Path) -> list[str]:
    if spool is None or not spool.refused:
        return []
    return [f"spool: {spool.refused} segments were refused where they were shipped to; see {folder}"]


def _instant(at_s: float | None) -> str | None:
    return None if at_s is None else rfc3339(datetime.fromtimestamp(at_s, UTC).replace(microsecond=0))


def _job(task: Task, plan: Plan, project: Project, beat: Beat | None, now: datetime) -> JobStatus:
    if isinstance(task.schedule, Every):
        ran = rfc3339(beat.started) if beat else None
        outcome = None if beat is None else "failed" if beat.failing else "success"
        return JobStatus(task.name, task.text, ran, outcome, beat.detail if beat else None, None)
    last = project.ledger.last(task.name)
    return JobStatus(
        task.name,
        task.text,
        rfc3339(last.started) if last else None,
        (last.outcome or "running") if last else None,
        last.detail if last else None,
        _next(task, plan, now),
        last.seconds if last else None,
        last.cpu_s if last else None,
        last.max_rss_bytes if last else None,
    )
