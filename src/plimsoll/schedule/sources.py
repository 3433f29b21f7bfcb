"""What is wrong with the sources of a project, a line each, with what to do: from what `collections` tells of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from plimsoll.clock import rfc3339
from plimsoll.collectors.declared import Expected, expected
from plimsoll.errors import shown
from plimsoll.lake import CollectorLake
from plimsoll.plausibility import refusals
from plimsoll.project import Project
from plimsoll.schedule.heartbeat import Driven
from plimsoll.tables import COLLECTIONS

_RECENT: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_INTERVALS, _TO_BEGIN = 3, timedelta(minutes=1)
"""An attempt is missed after so many intervals, and a minute in which the sources are opened and the lake flushed."""
_MOST_NAMED: Final = 5
_WORD: Final = "refused: "


@dataclass(frozen=True, slots=True)
class SourceProblems:
    """`problems` make a project unhealthy; `notes` say what was so within a day and is over."""

    problems: Sequence[str]
    notes: Sequence[str]


def of_sources(project: Project, driven: Driven, now: datetime) -> SourceProblems:
    """Targets that do not answer or were never read, and sources of which values were refused within a day."""
    attempts = last_attempts(project, now)
    refused = list(_refused(project, now))
    return SourceProblems(
        [
            *unanswered(attempts),
            *(line for at, line in refused if now - at <= _RECENT),
            *never_read(project, attempts, driven, now),
        ],
        [line for at, line in refused if now - at > _RECENT],
    )


def last_attempts(project: Project, now: datetime, within: timedelta = _RECENT) -> list[dict[str, Any]]:
    """The last attempt at each target within the last hour, oldest first; `answered`: any of them was good."""
    lake = project.lake
    if isinstance(lake, CollectorLake):
        return []  # what was read is where the lake is
    snapshot, start, end = lake.snapshot(proven=False), now - within, now + _RECENT
    if not snapshot.columns(COLLECTIONS, start=start, end=end):
        return []  # nothing was read yet: seen without loading what reads tables
    scan = snapshot.scan(COLLECTIONS, start=start, end=end)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    answered: set[tuple[str, str]] = set()
    for row in scan.collect().sort("ts").iter_rows(named=True):
        key = row["source"], row["target"]
        if row["ok"]:
            answered.add(key)
        found[key] = row | {"answered": key in answered}
    return sorted(found.values(), key=lambda row: (row["ts"], row["source"], row["target"]))


def never_read(project: Project, attempts: Sequence[Mapping[str, Any]], driven: Driven, now: datetime) -> list[str]:
    """What the config declares and nothing has tried to read, of what was tried (`attempts`) within the last hour.

    After sources began to be read and after the config last changed, each has a few intervals, and where ticks drive
    the project the time between two of them.
    """
    since, between_s = driven.reads_since, driven.between_s
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


def unanswered(attempts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Targets that did not answer once within the hour."""
    return [
        f"{one['source']} {shown(one['target'])}: did not answer within the last hour: {shown(one['reason'])};"
        " see: plimsoll doctor"
        for one in attempts
        if not one["answered"]
    ]


def _refused(project: Project, now: datetime) -> Iterator[tuple[datetime, str]]:
    """(the last instant, a line) for each source of which values that cannot be were refused within a day."""
    lake = project.lake
    if isinstance(lake, CollectorLake):
        return
    snapshot, start, end = lake.snapshot(proven=False), now - _DAY, now + _RECENT
    if not snapshot.columns(COLLECTIONS, start=start, end=end):
        return
    import polars as pl

    scan = snapshot.scan(COLLECTIONS, start=start, end=end)
    rows = scan.filter(pl.col("ok") & pl.col("reason").str.contains(_WORD, literal=True)).collect().sort("ts")
    found: dict[tuple[str, str], tuple[int, datetime, str]] = {}
    for row in rows.iter_rows(named=True):
        if (why := refusals(row["reason"])) is not None:
            key = row["source"], row["target"]
            found[key] = (found.get(key, (0,))[0] + 1, row["ts"], why.removeprefix(_WORD))
    for (source, target), (count, at, why) in sorted(found.items()):
        readings = "1 reading" if count == 1 else f"{count} readings"
        said = (
            f"values that cannot be were left out of {readings} within a day, the last at {rfc3339(at)}: {shown(why)}"
        )
        yield at, f"{source} {shown(target)}: {said}; look at that sensor or its exporter"
