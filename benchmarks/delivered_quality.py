"""How right the anomalies are that users are told of: the shipped answer, day after day, the budget on.

    python benchmarks/delivered_quality.py [--data DIR] [--corpus nab|mscloud|asd|js2|js3|smd|all]

DIR is laid out like `shared/data`. Every data set is one fleet in one lake: its series (a quarter of an hour or finer)
begin in the same week, each at its own weekday and hour. Each day at 07:00 the shipped answer is asked for the last
24 h, as the daily report asks, with the shipped settings and all the history until then. What it tells of a resource
counts once, from its beginning to its end. The figures are those of `shared/tools/score_anomalies.py`: a line an input
row; NAB's own score looks at the beginning alone. A series that has ended is not asked for.
"""

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from plimsoll.analysis.robust import Floats
from plimsoll.clock import instant
from plimsoll.documents import Evidence
from plimsoll.documents.evidence import FindingDetail
from plimsoll.fleet.resources import Resource
from plimsoll.lake import Lake
from plimsoll.metrics import CATALOGUE
from plimsoll.project import Project, builtin_root
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies
from plimsoll.queries.context import QueryContext
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.units import Unit

MONDAY: Final = datetime(2001, 1, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)
COARSEST_S: Final = 900.0
LARGEST: Final = 1e6  # far beyond the least effects of milliseconds and rates: what is left is a twentieth of the level
UNITS: Final = (Unit.BYTES_PER_SECOND, Unit.BYTES, Unit.MILLISECONDS, Unit.PER_SECOND, Unit.BITS_PER_SECOND)
COLUMNS: Final = [metric.name for unit in UNITS for metric in CATALOGUE.values() if metric.unit is unit]


@dataclass(frozen=True)
class Labeled:
    """One series or resource: seconds since its Monday, [rows, metrics], and where the scorer keeps its labels."""

    corpus: str
    name: str
    seconds: Floats
    values: Floats

    @property
    def resource(self) -> str:
        """Its name in the lake."""
        return self.name.replace("/", ".")

    @property
    def end(self) -> datetime:
        """Its last reading."""
        return MONDAY + timedelta(seconds=float(self.seconds[-1]))


class Told(NamedTuple):
    """What was told of one resource."""

    start: datetime
    end: datetime
    score: float


def read(data: Path, scorer: ModuleType, corpus: str) -> list[Any]:
    """The scorer's own list of a data set."""
    if corpus in scorer.READ:
        return list(scorer.READ[corpus](data))
    return [one for one in scorer.read_multivariate(data) if one.family == corpus]


def labeled(data: Path, corpus: str, name: str) -> Labeled:
    """The readings of one series; times of day and weekdays stay as they are."""
    folder = data / ("multivariate-dev" if corpus not in ("nab", "mscloud") else f"{corpus}-dev")
    if corpus in ("nab", "mscloud"):
        frame = pl.read_csv(folder / f"{name}.csv", infer_schema_length=None)
        values = frame["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy()[:, None]
    else:
        frame = pl.read_parquet(folder / f"{name}.parquet")
        values = frame.select(pl.col(r"^m\d+$").cast(pl.Float64)).to_numpy()
    seconds = _seconds(frame)
    since = (MONDAY - datetime(1970, 1, 5, tzinfo=UTC)).total_seconds()
    week = (seconds[0] - 4 * 86_400) // 604_800 * 604_800 + 4 * 86_400
    return Labeled(corpus, name, seconds - week + since % 604_800, values)


def _seconds(frame: pl.DataFrame) -> Floats:
    column = frame["timestamp"]
    if column.dtype == pl.String:
        column = column.str.slice(0, 19).str.replace("T", " ").str.to_datetime("%Y-%m-%d %H:%M:%S")
        return column.dt.epoch("s").to_numpy().astype(float)
    return column.to_numpy().astype(float)


def fill(root: Path, fleet: Sequence[Labeled]) -> Lake:
    """All series in one lake."""
    lake = Lake(root)
    kind = {"type": "endpoint", "source": "benchmark", "ts": MONDAY}
    rows = [{**kind, "resource_id": one.resource, "name": one.resource, "interval_s": 300.0} for one in fleet]
    lake.append(RESOURCES, rows, collector="benchmark")
    for one in fleet:
        stamps = [MONDAY + timedelta(seconds=float(second)) for second in one.seconds]
        least = np.nanmin(one.values, axis=0)
        above = one.values - np.minimum(least, 0.0)
        values = LARGEST * above / np.maximum(np.nanmax(above, axis=0), 1e-30)
        frame = pl.DataFrame(
            {
                "ts": pl.Series(stamps, dtype=pl.Datetime("ms", "UTC")),
                "resource_id": one.resource,
                "device": "",
                "source": "benchmark",
                **{COLUMNS[n]: values[:, n] for n in range(values.shape[1])},
            }
        )
        lake.append(SAMPLES, frame.unique("ts", keep="last", maintain_order=True), collector="benchmark")
    lake.compact(now=MONDAY + timedelta(days=4000), grace_s=0)
    return lake


def told(lake: Lake, fleet: Sequence[Labeled]) -> dict[str, list[Told]]:
    """What every morning's answer told, by resource; what had been told before is not told again."""
    config = Project(builtin_root(), builtin_root()).config()
    ends = {one.resource: one.end for one in fleet}
    found: dict[str, dict[str, Told]] = {one.resource: {} for one in fleet}
    last = max(ends.values())
    morning = MONDAY + timedelta(hours=31)
    while morning < last + DAY:

        def sees(resource: Resource, now: datetime = morning) -> bool:
            return ends[resource.resource_id] > now - DAY

        sources = QueryContext(lake.snapshot(proven=False), config, morning, sees=sees)
        query = AnomaliesQuery.parse(time_range="24h", granularity="15m")
        _, proof = anomalies(sources, query)
        for subject, resource, one in _findings(proof):
            before = found[resource].get(subject, one)
            found[resource][subject] = Told(before.start, max(before.end, one.end), max(before.score, one.score))
        morning += DAY
    return {name: _merged(list(of.values())) for name, of in found.items()}


def _findings(proof: Sequence[Evidence]) -> Iterator[tuple[str, str, Told]]:
    for one in proof:
        if isinstance(one.detail, FindingDetail):
            span = instant(one.window.start), instant(one.window.end)
            yield one.subject, one.detail.resource, Told(*span, 3.0 * one.detail.score / (one.threshold or 1.0))


def _merged(of: list[Told]) -> list[Told]:
    """Those of one resource that overlap are one."""
    merged: list[Told] = []
    for one in sorted(of):
        if merged and one.start <= merged[-1].end:
            before = merged[-1]
            merged[-1] = Told(before.start, max(before.end, one.end), max(before.score, one.score))
        else:
            merged.append(one)
    return merged


def by_row(one: Labeled, of: Sequence[Told]) -> tuple[Floats, Floats]:
    """(score, 1 on the row on which something was first known) of each input row."""
    score, begun = np.zeros(len(one.seconds)), np.zeros(len(one.seconds))
    for it in of:
        start, end = ((at - MONDAY).total_seconds() for at in (it.start, it.end))
        rows = np.flatnonzero((one.seconds >= start) & (one.seconds < max(end, start + COARSEST_S)))
        if len(rows):
            score[rows] = np.maximum(score[rows], it.score)
            known = rows[one.seconds[rows] < start + COARSEST_S]
            begun[known[-1] if len(known) else rows[0]] = 1
    return score, begun


def figures(scorer: ModuleType, corpus: str, listed: list[Any], rows: Mapping[str, tuple[Floats, Floats]]) -> str:
    """One line: what the scorer says."""
    score = {name: pair[0] for name, pair in rows.items()}
    flags = {name: pair[1] > 0 for name, pair in rows.items()}
    seen = scorer.event_figures(listed, flags, given=True)
    text = (
        f"{corpus:8} {len(listed):3} series, {seen['labeled']:3} labeled, {seen['events']:4} told: "
        f"recall {seen['recall']:.3f} precision {seen['precision']:.3f} F1 {seen['f1']:.3f} "
        f"false a resource-week {seen['false_alarms']:.3f} "
        f"AP {scorer.average_precision(listed, score):.3f} VUS-PR {scorer.vus_pr(listed, score):.3f}"
    )
    if corpus == "nab":
        onsets = {name: np.where(flags[name], score[name], 0.0) for name in score}
        text += f" NAB standard {scorer.nab_score(listed, onsets, 1e-9)[0]:.1f}"
    return text


def main() -> None:
    """Prints a line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(__file__).parents[2] / "shared"
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument("--scorer", type=Path, default=shared / "tools" / "score_anomalies.py")
    names = ("nab", "mscloud", "asd", "js2", "js3", "smd")
    parser.add_argument("--corpus", choices=(*names, "all"), default="all")
    args = parser.parse_args()
    if not args.data.is_dir():
        sys.stdout.write(f"{args.data}: no labeled data here; nothing scored\n")
        return
    spec = importlib.util.spec_from_file_location("scorer", args.scorer)
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    sys.modules["scorer"] = scorer
    spec.loader.exec_module(scorer)
    for corpus in names if args.corpus == "all" else (args.corpus,):
        listed = [one for one in read(args.data, scorer, corpus) if one.step_s <= COARSEST_S]
        with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
            fleet = [labeled(args.data, corpus, one.name) for one in listed]
            said = told(fill(Path(scratch) / "lake", fleet), fleet)
        rows = {one.name: by_row(one, said[one.resource]) for one in fleet}
        sys.stdout.write(figures(scorer, corpus, listed, rows) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
