"""How right the anomaly detectors are on labeled data.

    python benchmarks/anomaly_quality.py --data DIR --out DIR2

DIR is laid out like `shared/data` (`nab-dev`, `mscloud-dev`, `multivariate-dev`; any other folder of the same kinds
with the same names). Every series goes through the lake: appended as samples, compacted, read back onto the analysis
grid, scored by the shipped detector with the shipped settings. DIR2 then holds what
`shared/tools/score_anomalies.py --data DIR --scores DIR2` scores: a line for each row, `score` and `event`.

For single metrics `score` is the novelty of possible onsets (NAB) or the held metric score (the rest); resources of
five metrics or more have the resource score. One forest a corpus, fitted on the learning rows as the scorer takes them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from plimsoll.analysis.anomalies import events, forest, scores
from plimsoll.analysis.grid import Grid, grid
from plimsoll.analysis.robust import Floats
from plimsoll.lake import Lake
from plimsoll.tables import SAMPLES

COLUMN = "certificate_expiry_days"  # the one metric of the catalogue that may be negative
SCALE = 2.0**-20  # into its bounds; detectors know no unit
BEGIN = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Labeled:
    """One series or resource: `rows` is the grid row of each line of the input, `learning` its first lines."""

    corpus: str
    name: str
    rows: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"
    learning: int
    grid: Grid


@dataclass(frozen=True)
class Raw:
    """Lines as they are: seconds and one column a metric."""

    corpus: str
    name: str
    seconds: Floats
    values: Floats
    learning: int


def nab(data: Path) -> Iterator[Raw]:
    """Numenta's benchmark: one value a line."""
    for name in sorted(json.loads((data / "nab-dev/windows.json").read_text())):
        frame = pl.read_csv(data / "nab-dev" / name)
        values = frame["value"].cast(pl.Float64).to_numpy()[:, None]
        yield Raw("nab", name.removesuffix(".csv"), _seconds(frame), values, int(min(0.15 * len(values), 750)))


def mscloud(data: Path) -> Iterator[Raw]:
    """Microsoft's cloud metrics: one value a line, some missing."""
    for path in sorted((data / "mscloud-dev").glob("*/*.csv")):
        frame = pl.read_csv(path, infer_schema_length=None)
        seconds = _seconds(frame)
        learning = int(min(0.30 * len(seconds), 7 * 86400 / np.median(np.diff(seconds))))
        values = frame["value"].cast(pl.Float64).fill_null(float("nan")).to_numpy()[:, None]
        yield Raw("mscloud", f"{path.parent.name}/{path.stem}", seconds, values, learning)


def multivariate(data: Path) -> Iterator[Raw]:
    """Servers and applications with many metrics each."""
    for path in sorted((data / "multivariate-dev").glob("*.parquet")):
        frame = pl.read_parquet(path)
        values = frame.select(pl.col(r"^m\d+$").cast(pl.Float64)).to_numpy()
        learning = int(frame["is_train"].cast(pl.Int64).sum())
        yield Raw("multivariate", path.stem, frame["timestamp"].to_numpy().astype(float), values, learning)


CORPORA = {"nab": nab, "mscloud": mscloud, "multivariate": multivariate}


def _seconds(frame: pl.DataFrame) -> Floats:
    column = frame["timestamp"]
    if column.dtype == pl.String:
        column = column.str.slice(0, 19).str.replace("T", " ").str.to_datetime("%Y-%m-%d %H:%M:%S")
        return column.dt.epoch("s").to_numpy().astype(float)
    return column.to_numpy().astype(float)


def through_the_lake(raw: Raw, root: Path) -> Labeled:
    """Appended, compacted, and read back onto the grid; metrics are devices of one resource."""
    lake, step_s = Lake(root), float(np.median(np.diff(raw.seconds)))
    since = raw.seconds - raw.seconds[0]
    stamps = [BEGIN + timedelta(seconds=float(second)) for second in since]
    devices = [f"m{n:02d}" for n in range(raw.values.shape[1])]
    for n, device in enumerate(devices):
        lake.append(
            SAMPLES,
            pl.DataFrame(
                {
                    "ts": pl.Series(stamps, dtype=pl.Datetime("ms", "UTC")),
                    "resource_id": raw.name,
                    "device": device,
                    "source": pl.Series([f"{n}" for n in range(len(stamps))]) if _repeated(since) else "benchmark",
                    COLUMN: raw.values[:, n] * SCALE,
                }
            ),
            collector="benchmark",
        )
    lake.compact(now=BEGIN + timedelta(days=4000), grace_s=0)
    snapshot = lake.snapshot()
    rows = (since // step_s).astype(np.int64)
    read = grid(
        lambda start, end: snapshot.scan(
            SAMPLES, start=start, end=end, columns=("ts", "resource_id", "device", COLUMN)
        ),
        [(raw.name, device) for device in devices],
        (COLUMN,),
        start=BEGIN,
        end=BEGIN + timedelta(seconds=(int(rows.max()) + 1) * step_s),
        step_s=step_s,
    )
    return Labeled(raw.corpus, raw.name, rows, raw.learning, read)


def _repeated(seconds: Floats) -> bool:
    return len(np.unique(seconds)) < len(seconds)


def scored(corpus: list[Labeled]) -> Iterator[tuple[Labeled, Floats, Floats]]:
    """Each series with its score and its events, by grid row."""
    found = {one.name: scores.surprises(one.grid) for one in corpus}
    many = [one for one in corpus if len(one.grid.series) >= scores.FEWEST_METRICS]
    features = {
        one.name: scores.resource_features(scores.combined(found[one.name], scores.RESOURCE_WEIGHTS)) for one in many
    }
    single = forest.fit(
        _learning([_rows(found[o.name])[:, : _learnt(o)].reshape(-1, 7) for o in corpus if o not in many])
    )
    joint = forest.fit(_learning([features[one.name][: _learnt(one)] for one in many]))
    for one in corpus:
        step_s, joined = one.grid.step_s, one in many
        if joined:
            shown = scores.resource_score(features[one.name], joint.rate(features[one.name]))
            begun = events.stretches(shown, step_s=step_s, alarm=scores.ALARM)
        else:
            score = scores.metric_scores(found[one.name], single)[0][0]
            begun = events.onsets(score, step_s=step_s, alarm=scores.ALARM)
            news = events.novelty(score, step_s=step_s, alarm=scores.ALARM)
            shown = news if one.corpus == "nab" else scores.sustain(score, scores.METRIC_HOLD)
        starts = np.zeros(len(shown))
        starts[[event.first for event in begun]] = 1
        yield one, np.concatenate([[0.0], shown]), np.concatenate([[0.0], starts])


def _rows(found: scores.Surprises) -> Floats:
    return np.moveaxis(found.by_residual, 0, -1).astype(np.float64)


def _learning(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.empty((0, 7))


def _learnt(one: Labeled) -> int:
    """The grid rows of the learning lines."""
    return int(one.rows[max(0, one.learning - 1)])


def main() -> None:
    """Writes the scores; without --out into a folder of its own, and scores them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(__file__).parents[2] / "shared"
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--corpus", choices=(*CORPORA, "all"), default="all")
    args = parser.parse_args()
    if not args.data.is_dir():
        sys.stdout.write(f"{args.data}: no labeled data here; nothing scored\n")
        return
    with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
        out: Path = args.out or Path(scratch) / "scores"
        for name in CORPORA if args.corpus == "all" else (args.corpus,):
            lakes = Path(scratch) / name
            corpus = [through_the_lake(raw, lakes / str(n)) for n, raw in enumerate(CORPORA[name](args.data))]
            for one, score, begun in scored(corpus):
                path = out / name / f"{one.name}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                first = np.r_[True, np.diff(one.rows) != 0]
                event = np.where(first, begun[one.rows], 0).astype(int)
                pl.DataFrame({"score": score[one.rows].round(6), "event": event}).write_csv(path)
            sys.stdout.write(f"{name}: {len(corpus)} scored\n")
        if args.out is None:
            scorer = shared / "tools" / "score_anomalies.py"
            command = [sys.executable, str(scorer), "--data", str(args.data), "--scores", str(out)]
            subprocess.run([*command, "--corpus", args.corpus, "--threshold", str(scores.ALARM)], check=True)


if __name__ == "__main__":
    main()
