"""What is missing on this machine, what it would unlock, and what to do about it."""

import ctypes.util
import os
import resource
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plimsoll.clock import Clock
from plimsoll.config.engine import Plimsoll
from plimsoll.errors import PlimsollError, shown
from plimsoll.lake import CollectorLake, SharedLake
from plimsoll.lake.format.file_systems import NETWORK, filesystem
from plimsoll.lake.format.files import needed_free_bytes
from plimsoll.lake.shared.spool import ASIDE
from plimsoll.project import Project
from plimsoll.schedule.clock_watch import FILE as CLOCK
from plimsoll.schedule.clock_watch import problem as clock_problem
from plimsoll.schedule.heartbeat import driven
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.problems import of_jobs
from plimsoll.schedule.project_lock import owner
from plimsoll.schedule.sources import last_attempts, of_sources
from plimsoll.shipping import state_of, way_of

Verdict = Literal["ok", "note", "bad"]
_DESCRIPTORS: Final = 1024
_SECOND_CLOCK_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `note` is something that would unlock more, `bad` something that stops work."""

    about: str
    verdict: Verdict
    text: str


def run_checks(project: Project, clock: Clock) -> list[Finding]:
    """Looks at everything; what cannot be looked at is a finding too."""
    looks: dict[str, Callable[[Project, Clock], Finding]] = {
        "python": _python,
        "config": _config,
        "zone data": _zone,
        "clock": _clock,
        "data folder": _data,
        "disk": _disk,
        "file system": _filesystem,
        "store": _store,
        "spool": _spool,
        "lake": _lake,
        "ledger": _ledger,
        "scheduler": _scheduler,
        "jobs": _jobs,
        "sources": _sources,
        "mappings": _mappings,
        "GPU": _gpu,
        "descriptors": _descriptors,
    }
    findings: list[Finding] = []
    for about, look in looks.items():
        try:
            findings.append(look(project, clock))
        except (PlimsollError, OSError) as error:
            findings.append(Finding(about, "bad", str(error)))
    return findings


def _python(_: Project, __: Clock) -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("python", "ok", f"Python {version}, as user id {os.geteuid()}")


def _config(project: Project, _: Clock) -> Finding:
    sections = project.config().sections
    return Finding("config", "ok", f"{len(sections)} sections, {len(project.jobs())} jobs")


def _zone(project: Project, _: Clock) -> Finding:
    name = project.config().get("plimsoll", Plimsoll).timezone
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return Finding("zone data", "bad", f"no data for {name}; install the Python package tzdata")
    return Finding("zone data", "ok", name)


def _clock(project: Project, clock: Clock) -> Finding:
    if (line := clock_problem(project.data / CLOCK)) is not None:
        return Finding("clock", "bad", line)
    beats = project.ledger.beats().values()
    ahead = max(((beat.started - clock.now()).total_seconds() for beat in beats), default=0.0)
    if ahead > _SECOND_CLOCK_S:
        text = f"the ledger knows of runs {ahead / 3600:.1f} h in the future: this clock or an earlier one is wrong"
        return Finding("clock", "bad", text)
    return Finding("clock", "ok", "no run lies in the future")


def _data(project: Project, _: Clock) -> Finding:
    data = project.data
    place = data if data.exists() else project.root
    if not os.access(place, os.W_OK | os.X_OK):
        text = f"{place}: not writable by this user; change its owner, or run as the owner"
        return Finding("data folder", "bad", text)
    if data.exists() and data.stat().st_uid != os.geteuid():
        text = f"{data}: belongs to user id {data.stat().st_uid}; run Plimsoll as that user"
        return Finding("data folder", "note", text)
    return Finding("data folder", "ok", str(data))


def _disk(project: Project, _: Clock) -> Finding:
    space = shutil.disk_usage(project.data if project.data.exists() else project.root)
    verdict: Verdict = "ok" if space.free >= needed_free_bytes(space.total) else "bad"
    return Finding("disk", verdict, f"{space.free / 1e9:.1f} GB free of {space.total / 1e9:.1f} GB")


def _filesystem(project: Project, _: Clock) -> Finding:
    kind = filesystem(project.data)
    if kind in NETWORK and project.allows_network_fs:
        return Finding("file system", "note", f"{kind}: its locks cannot be relied on; [lake] allow_network_fs insists")
    if kind in NETWORK:
        return Finding("file system", "bad", f"{kind}: locks cannot be relied on over the network; use a local disk")
    return Finding("file system", "ok", kind or "unknown")


def _lake(project: Project, _: Clock) -> Finding:
    """What the manifest knows; `plimsoll verify` reads every byte."""
    lake = project.lake
    if isinstance(lake, CollectorLake):
        return Finding("lake", "ok", f"is kept elsewhere: {lake.to}")
    snapshot = lake.snapshot(proven=False)
    damaged = snapshot.manifest.damaged
    days = sum(len(files) for files in snapshot.manifest.days.values())
    if damaged:
        first = min(damaged)
        text = f"{len(damaged)} damaged files were set aside, such as {first}: {damaged[first].reason}"
        return Finding("lake", "bad", f"{text}; restore them from a backup, see docs/howto/keep-the-lake.md")
    if isinstance(lake, SharedLake) and (refused := lake.refused()):
        text = f"{len(refused)} segments of hosts were refused, such as {refused[0]}; see refused/ in {lake.store.uri}"
        return Finding("lake", "bad", text)
    waiting = sum(len(segments) for segments in snapshot.open.values())
    return Finding("lake", "ok", f"{days} day files, {waiting} segments wait for compaction, none known to be damaged")


def _store(project: Project, _: Clock) -> Finding:
    """Whether what this host collects can arrive."""
    way = way_of(project.config())
    if way is None:
        return Finding("store", "ok", "the lake is in this project's data folder")
    way.ask()
    return Finding("store", "ok", f"{way.to} answers")


def _spool(project: Project, clock: Clock) -> Finding:
    """How much waits to be shipped, and since when."""
    if (spool := project.spool) is None:
        return Finding("spool", "ok", "nothing has to be shipped")
    waiting = spool.waiting()
    if waiting.refused:
        text = f"{waiting.refused} segments were refused where they were shipped to; see {spool.root / ASIDE}"
        return Finding("spool", "bad", text)
    text = f"{waiting.segments} segments ({waiting.bytes / 1e6:.1f} MB) wait"
    if waiting.oldest_s is not None:
        text += f", the oldest for {max(0.0, clock.now().timestamp() - waiting.oldest_s):.0f} s"
    failing = state_of(spool.root).failures
    return Finding("spool", "bad" if failing else "ok", text + (f"; {failing} tries failed" if failing else ""))


def _ledger(project: Project, _: Clock) -> Finding:
    project.ledger.verify()
    return Finding("ledger", "ok", "whole")


def _scheduler(project: Project, _: Clock) -> Finding:
    other = owner(project.data)
    if other is None:
        return Finding("scheduler", "note", "none is running; `plimsoll up` collects and reports by itself")
    return Finding(
        "scheduler", "ok", f"plimsoll {other.command}, PID {other.pid} on {other.host} since {other.started}"
    )


def _jobs(project: Project, clock: Clock) -> Finding:
    """Jobs that are due and were not made, and failures that nothing has settled."""
    plan = Plan.load(project)
    found = of_jobs(project, plan, clock.now(), grace=driven(project).grace(plan.settings.deadline))
    if not found:
        return Finding("jobs", "ok", "none is late, none has failed")
    return Finding("jobs", "bad", _first(found))


def _sources(project: Project, clock: Clock) -> Finding:
    """Who answered at last, who did not and why, who is the slowest; who was never read, and what was refused."""
    now = clock.now()
    last, found = last_attempts(project, now), of_sources(project, driven(project), now)
    if not last and isinstance(project.lake, CollectorLake):
        return Finding("sources", "ok", "what they answered is where the lake is kept; ask there: plimsoll doctor")
    if not last and found.problems:
        return Finding("sources", "bad", _first(found.problems))
    if not last:
        return Finding(
            "sources", "note", "nothing was read in the last hour; `plimsoll collect` reads every source once"
        )
    failing = [one for one in last if not one["ok"]]
    slowest = max(last, key=lambda one: one["duration_s"] or 0.0)
    text = f"{len(last) - len(failing)} of {len(last)} answered at last"
    if failing:
        first = failing[0]
        return Finding(
            "sources", "bad", f"{text}; {first['source']} {shown(first['target'])}: {shown(first['reason'])}"
        )
    text += f"; the slowest is {slowest['source']} ({slowest['duration_s'] or 0.0:.2f} s)"
    if found.problems:
        return Finding("sources", "bad", f"{text}; {_first(found.problems)}")
    return Finding("sources", "note" if found.notes else "ok", f"{text}{_after(found.notes)}")


def _first(lines: Sequence[str]) -> str:
    return lines[0] + (f" (and {len(lines) - 1} more: plimsoll status)" if len(lines) > 1 else "")


def _after(notes: Sequence[str]) -> str:
    return f"; {_first(notes)}" if notes else ""


def _mappings(project: Project, clock: Clock) -> Finding:
    """Families of exporters that no mapping reads."""
    listed = [
        one for one in last_attempts(project, clock.now()) if one["ok"] and "are not mapped" in (one["reason"] or "")
    ]
    if not listed:
        return Finding("mappings", "ok", "every family that was seen is mapped, or none was seen")
    said = sorted({part for one in listed for part in one["reason"].split("; ") if "are not mapped" in part})
    return Finding("mappings", "note", f"{'; '.join(said[:3])}; a file mappings/NAME.toml may read more")


def _gpu(_: Project, __: Clock) -> Finding:
    if ctypes.util.find_library("nvidia-ml"):
        return Finding("GPU", "ok", "the NVIDIA management library is here")
    if Path("/proc/driver/nvidia").exists():
        text = "an NVIDIA driver without its management library; install libnvidia-ml (containers: capability utility)"
        return Finding("GPU", "note", text)
    return Finding("GPU", "note", "no NVIDIA driver; GPU readings of this machine need one")


def _descriptors(_: Project, __: Clock) -> Finding:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _DESCRIPTORS:
        text = f"{soft} open files allowed; {_DESCRIPTORS} let many targets be read at once"
        return Finding("descriptors", "note", text)
    return Finding("descriptors", "ok", f"{soft} open files allowed")
