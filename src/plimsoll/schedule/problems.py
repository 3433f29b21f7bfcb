"""What is wrong with the jobs and sources of a project, a line each, with what to do."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from plimsoll.clock import rfc3339
from plimsoll.collectors.declared import Expected, expected
from plimsoll.errors import shown
from plimsoll.lake import CollectorLake
from plimsoll.ledger import Run
from plimsoll.plausibility import refusals
from plimsoll.project import Project
from plimsoll.schedule.owed import Owed, owed
from plimsoll.schedule.plan import Plan, Task
from plimsoll.tables import COLLECTIONS

_LOST_IS_TOLD: Final = timedelta(days=1)
_RECENT: Final = timedelta(hours=1)
_INTERVALS, _TO_BEGIN = 3, timedelta(minutes=1)
"""An attempt is missed after so many intervals, and a minute in which the sources are opened and the lake flushed."""
_MOST_NAMED: Final = 5
_A_MINUTE: Final = timedelta(minutes=1)


def of_jobs(project: Project, plan: Plan, now: datetime, *, grace: timedelta) -> list[str]:
    """Jobs that are due and not made, and failures that nothing has settled; `grace` is how late a job may be."""
    windowed = plan.all_windowed()
    standings = project.ledger.standings([task.name for task in windowed], now)
    found = [
        line for task in windowed if (line := _late(task, owed(task, plan, standings[task.name], now), now, grace))
    ]
    return [*found, *_failed(project, plan, now)]


def _late(task: Task, one: Owed, now: datetime, grace: timedelta) -> str | None:
    if one.failed is not None:
        run = one.failed
        return f"{task.name}: attempt {run.attempt} at {_window(run)} failed: {run.detail}; it will be tried again"
    if one.running is not None:
        since = one.running.started
        if now - since <= grace + _A_MINUTE:
            return None
        return f"{task.name}: has been running since {rfc3339(since)}, longer than [schedule] deadline; look at the log"
    if one.since is None or now - one.since <= grace:
        return None
    return (
        f"{task.name}: due since {rfc3339(one.since)} and not made; the log of plimsoll up says why; or: plimsoll tick"
    )


def _failed(project: Project, plan: Plan, now: datetime) -> Iterator[str]:
    """The newest failure of each job since it last ended well, and windows that were given up within a day."""
    lost: dict[str, list[Run]] = {}
    for run in project.ledger.failures(now - _LOST_IS_TOLD):
        task = plan.tasks.get(run.job)
        if task is not None and task.catch_up and not project.ledger.made_since(run):
            lost.setdefault(run.job, []).append(run)
    for job in plan.tasks:
        runs = project.ledger.failing(job)
        known = {run.id for run in runs}
        runs += [run for run in lost.get(job, []) if run.id not in known]
        if runs:
            more = f" (and {len(runs) - 1} more)" if len(runs) > 1 else ""
            yield f"{job}: {_window(runs[0])} {runs[0].outcome}: {runs[0].detail}{more}; {_what_to_do(runs[0])}"


def _what_to_do(run: Run) -> str:
    if run.outcome == "skipped":
        return "for one of them: plimsoll run " + f"{run.job} --as-of INSTANT"
    return f"to make it again: plimsoll run {run.job} --as-of {rfc3339(run.window_end)}"


def _window(run: Run) -> str:
    if run.window_start == run.window_end:
        return f"the run for {rfc3339(run.window_end)}"
    return f"window {rfc3339(run.window_start)} to {rfc3339(run.window_end)}"


def last_attempts(project: Project, now: datetime, within: timedelta = _RECENT) -> list[dict[str, Any]]:
    """The last attempt at each target within the last hour, oldest first; `heard`: any of them was good."""
    lake = project.lake
    if isinstance(lake, CollectorLake):
        return []  # what was read is where the lake is
    snapshot, start, end = lake.snapshot(proven=False), now - within, now + _RECENT
    if not snapshot.columns(COLLECTIONS, start=start, end=end):
        return []  # nothing was read yet: seen without loading what reads tables
    scan = snapshot.scan(COLLECTIONS, start=start, end=end)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    heard: set[tuple[str, str]] = set()
    for row in scan.collect().sort("ts").iter_rows(named=True):
        key = row["source"], row["target"]
        if row["ok"]:
            heard.add(key)
        found[key] = row | {"heard": key in heard}
    return sorted(found.values(), key=lambda row: (row["ts"], row["source"], row["target"]))


def never_read(
    project: Project, attempts: Sequence[Mapping[str, Any]], now: datetime, *, since: datetime | None, between_s: float
) -> list[str]:
    """What the config declares and nothing has tried to read, of what was tried (`attempts`) within the last hour.

    `since` is when sources began to be read; None where they are not. After that, and after the config last changed,
    each has a few intervals, and where ticks drive the project `between_s`, the time between two of them.
    """
    if since is None or isinstance(project.lake, CollectorLake):
        return []
    since, declared = max(since, _changed(project, now)), expected(project.config())
    late = [one for one in declared if now - since > _grace(one, between_s)]
    horizon = max((_grace(one, between_s) for one in late), default=_RECENT)
    if horizon > _RECENT:
        attempts = last_attempts(project, now, horizon)
    tried = {(one["source"], one["target"]) for one in attempts}
    missed = [one for one in late if (one.source, one.target) not in tried]
    more = f" (and {len(missed) - _MOST_NAMED} more)" if len(missed) > _MOST_NAMED else ""
    tell = rfc3339(max(since, now - max(horizon, _RECENT)).replace(microsecond=0))
    return [
        f"{one.source} {shown(one.target)}: is declared, and was not read since {tell}{more}; look at the log of"
        " plimsoll up, and send it SIGHUP where the config has changed"
        for one in missed[:_MOST_NAMED]
    ]


def _grace(one: Expected, between_s: float) -> timedelta:
    return _TO_BEGIN + timedelta(seconds=max(_INTERVALS * one.every_s, between_s))


def _changed(project: Project, now: datetime) -> datetime:
    """When the project's own config was last written; long ago where that cannot be, or lies ahead of the clock."""
    try:
        at = datetime.fromtimestamp((project.root / "config.toml").stat().st_mtime, UTC)
    except OSError:
        return datetime.min.replace(tzinfo=UTC)
    return at if at <= now else datetime.min.replace(tzinfo=UTC)


def of_sources(attempts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Targets that did not answer once within the hour, and sources of which values are refused."""
    silent = [one for one in attempts if not one["heard"]]
    refused = [(one, why) for one in attempts if one["ok"] and (why := refusals(one["reason"])) is not None]
    return [
        *(
            f"{one['source']} {shown(one['target'])}: did not answer within the last hour: {shown(one['reason'])};"
            " see: plimsoll doctor"
            for one in silent
        ),
        *(f"{one['source']} {shown(one['target'])}: {shown(why)}; see: plimsoll doctor" for one, why in refused),
    ]
