"""What every answer is made from: one snapshot of the lake, the settings, and the instant that is asked about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from plimsoll.clock import rfc3339
from plimsoll.config import Config, Section
from plimsoll.config.engine import Plimsoll
from plimsoll.documents import Evidence, TimeRange
from plimsoll.documents.evidence import DamageDetail, DamagedFile, ResolutionDetail
from plimsoll.fleet.load_lines import LoadLine
from plimsoll.fleet.presence import Silence
from plimsoll.fleet.prices import PriceList
from plimsoll.fleet.resources import Resource, resources_at
from plimsoll.lake import Snapshot, hours
from plimsoll.ledger import Alerts
from plimsoll.ledger.advice import Verdicts
from plimsoll.ledger.outcomes import Outcomes
from plimsoll.tables import RESOURCES, SAMPLES

if TYPE_CHECKING:
    import polars as pl

_LEARNT_HOLDS: Final = timedelta(days=8)
S = TypeVar("S", bound=Section)
ProgressCallback: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being worked out, how many blocks of resources are done, and of how many."""


def no_progress(what: str, done: int, blocks: int) -> None:
    """Progress callback that does nothing."""


@dataclass(frozen=True, slots=True)
class QueryContext:
    """One state of the lake as of an instant: two answers from the same sources cannot contradict each other.

    `alerts`: recorded alerts; None without a ledger. `sees` decides which resources the caller may see. `verdicts`:
    people's feedback on advice; `outcomes`: measured results of advice; `prices`: the price list; `rules_folder`: the
    folder of the project's own rules; `on_progress` receives progress updates. `known` keeps what several documents of
    one context are made from, by whatever it depends on.
    """

    snapshot: Snapshot
    config: Config
    as_of: datetime
    alerts: Alerts | None = None
    sees: Callable[[Resource], bool] | None = None
    verdicts: Verdicts | None = None
    outcomes: Outcomes | None = None
    prices: PriceList = field(default_factory=PriceList)
    on_progress: ProgressCallback = no_progress
    rules_folder: Path | None = None
    known: dict[tuple[object, ...], object] = field(
        default_factory=dict[tuple[object, ...], object], repr=False, compare=False
    )

    def settings(self, name: str, kind: type[S]) -> S:
        """The settings of a section."""
        return self.config.get(name, kind)

    @property
    def fleet(self) -> str:
        """What the fleet is called."""
        return self.config.get("plimsoll", Plimsoll).name

    def resources(self) -> list[Resource]:
        """The inventory as it was known at the instant."""
        rows = self.snapshot.scan(RESOURCES, end=self.as_of + timedelta(milliseconds=1)).collect()
        known = self._without_forgotten(resources_at(rows.iter_rows(named=True)))
        return known if self.sees is None else [resource for resource in known if self.sees(resource)]

    def current(self, known: Sequence[Resource]) -> list[Resource]:
        """Those that are part of now: names of labels without a reading for `[silence] unseen` are history."""
        import polars as pl

        unseen = timedelta(seconds=self.settings("silence", Silence).unseen)
        old = {
            one.resource_id
            for one in known
            if one.churns and one.expected and one.expected[-1][0] < self.as_of - unseen
        }
        for back in (timedelta(hours=1), timedelta(days=1), unseen):
            if not old:
                break
            rows = self.snapshot.scan(
                SAMPLES,
                start=self.as_of - min(back, unseen),
                end=self.as_of + timedelta(milliseconds=1),
                columns=("ts", "resource_id"),
                resource_ids=sorted(old),
            )
            old -= set(rows.select(pl.col("resource_id").unique()).collect()["resource_id"].to_list())
        return [one for one in known if one.resource_id not in old]

    def _without_forgotten(self, known: list[Resource]) -> list[Resource]:
        """Resources that were not forgotten, or that were read again since then."""
        import polars as pl

        ts = pl.col("ts")
        gone = {one.resource_id: one.forgotten for one in known if one.forgotten is not None}
        if not gone:
            return known
        rows = self.snapshot.scan(
            SAMPLES,
            start=min(gone.values()),
            end=self.as_of + timedelta(milliseconds=1),
            columns=("ts", "resource_id"),
            resource_ids=sorted(gone),
        )
        last = dict(rows.group_by("resource_id").agg(ts.max()).collect().iter_rows())
        back = {name for name, at in last.items() if at > gone[name]}
        return [one for one in known if one.resource_id not in gone or one.resource_id in back]

    def priced(self) -> list[Resource]:
        """The inventory with what the price file says an hour costs, where it says so in dollars."""
        if self.prices.currency != "USD":
            return self.resources()
        known = [(resource, self.prices.of(resource)) for resource in self.resources()]
        return [replace(one, price_usd_per_h=price.per_h) if price else one for one, price in known]

    def resolution(self, start: datetime, end: datetime, granularity: str) -> "list[Evidence]":
        """Which days of [start, end) were read from the hourly rollups, since their readings were dropped."""
        days = list(hours.Dropped.of(self.snapshot, start, end).partitions)
        if not days:
            return []
        return [
            Evidence(
                subject="lake.resolution",
                rule="readings where they are kept, else hourly rollups",
                window=TimeRange(start=rfc3339(start), end=rfc3339(end), granularity=granularity),
                observed=float(len(days)),
                threshold=None,
                unit="days",
                samples=len(days),
                detail=ResolutionDetail(hourly_means=[day.isoformat() for day in (*days[:1], *days[-1:])]),
            )
        ]

    def damage(self, start: datetime, end: datetime, granularity: str) -> "list[Evidence]":
        """What is missing from an answer about [start, end) because files of the lake are damaged."""
        found = self.snapshot.damage(start, end)
        if not found:
            return []
        return [
            Evidence(
                subject="lake.damage",
                rule="files that are what was written",
                window=TimeRange(start=rfc3339(start), end=rfc3339(end), granularity=granularity),
                observed=float(len(found)),
                threshold=0.0,
                unit="files",
                samples=len(found),
                detail=DamageDetail(
                    files={key: DamagedFile(reason=one.reason, rows=one.rows) for key, one in found.items()}
                ),
            )
        ]

    def lines(self) -> Mapping[str, LoadLine]:
        """The load lines by name; a learned one stands once for each resource of which the usual range is known."""
        configured = self.config.under("lines", LoadLine)
        learnt = [name for name, line in configured.items() if line.learned is not None]
        usual = self.learned("usual") if learnt else None
        fixed = {name: line for name, line in configured.items() if line.learned is None}
        return fixed if usual is None else {**fixed, **_drawn({n: configured[n] for n in learnt}, usual)}

    def learned(self, kind: str) -> "pl.DataFrame | None":
        """What was learnt last (`baselines`, `usual`, `trends`); None if nothing was, or more than eight days ago."""
        newest, oldest = (f"{at:%Y-%m-%dt%H%M}" for at in (self.as_of, self.as_of - _LEARNT_HOLDS))
        known = [name for name in self.snapshot.partitions(kind) if oldest <= name <= newest]
        return self.snapshot.derived(kind, known[-1]) if known else None


def _drawn(lines: Mapping[str, LoadLine], usual: "pl.DataFrame") -> dict[str, LoadLine]:
    """Learned lines at the ends of each resource's usual range."""
    found: dict[str, LoadLine] = {}
    for row in usual.iter_rows(named=True):
        for name, line in lines.items():
            limit = row["high"] if line.learned == "above" else row["low"]
            concerned = not line.resources or row["resource_id"] in line.resources
            if row["metric"] == line.metric and not row["device"] and limit is not None and concerned:
                found[f"{name}.{row['resource_id']}"] = line.at(limit, row["resource_id"])
    return found
