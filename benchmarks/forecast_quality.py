"""How right the forecasts are: seven days ahead, their bands, the days to a line, and alarms that must not be.

    python benchmarks/forecast_quality.py --data DIR

DIR holds folders of Parquet files (`timestamp` in unix seconds, metrics `m00`..), as in `shared/data/multivariate-dev`;
any such folder is taken. Each metric of each file is a series of hourly means. Without data only planted series are
scored.

sMASE = mean |error| / mean |error| of the weekly naive inside the 28 days of history, at most 20; constant series are
left out. "Knows the future" is the test week's own daily medians: no forecast from a daily rhythm can be much better.
Days to a line: real series + a drift of half a deviation of the daily level each day; truth is the first day whose mean
is over the line, 1 to 25 days ahead.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from plimsoll.analysis.forecasts.backtest import rolling
from plimsoll.analysis.forecasts.outlook import Outlook, forecasters, outlook
from plimsoll.analysis.robust import Floats, absent

HISTORY_DAYS, AHEAD_DAYS = 28, 7
ORIGINS_BACK = (7, 12, 17)
HORIZON = 40
MODELS = forecasters()


@dataclass(frozen=True)
class Case:
    """Hourly series of one length with the family of each."""

    values: Floats
    family: tuple[str, ...]


def read(folder: Path) -> Iterator[Case]:
    """Each Parquet file as hourly means, series x hours of whole days."""
    for file in sorted(folder.rglob("*.parquet")):
        frame = pl.read_parquet(file)
        metrics = [name for name in frame.columns if name.startswith("m") and name[1:].isdigit()]
        hourly = (
            frame.group_by((pl.col("timestamp") // 3600).alias("hour"))
            .agg(pl.col(metrics).cast(pl.Float64).mean())
            .sort("hour")
        )
        hours = hourly["hour"].to_numpy() - hourly["hour"][0]
        values = np.full((len(metrics), int(hours[-1]) + 1), np.nan)
        values[:, hours] = hourly.select(metrics).to_numpy().T
        family = file.stem.split("-")[0]
        yield Case(values[:, : values.shape[1] // 24 * 24], (family,) * len(metrics))


def planted(days: int = 45, rows: int = 120, seed: int = 5) -> Case:
    """A fleet with known rhythms: days, weekends, wandering levels, noise that remembers."""
    rng = np.random.default_rng(seed)
    t = np.arange(days * 24) / 24
    level, swing = rng.uniform(20, 80, (rows, 1)), rng.uniform(0, 15, (rows, 1))
    weekend = rng.uniform(0, 15, (rows, 1)) * (rng.random((rows, 1)) < 0.6) * ((t.astype(int) % 7) >= 5)
    rhythm = swing * np.sin(2 * np.pi * (t + rng.random((rows, 1))))
    wander = np.cumsum(rng.normal(0, 0.03, (rows, len(t))), axis=1)
    noise = rng.normal(0, 1.5, (rows, len(t)))
    for hour in range(1, len(t)):
        noise[:, hour] += 0.6 * noise[:, hour - 1]
    return Case(level + rhythm - weekend + wander + noise, ("planted",) * rows)


def smase(history: Floats, actual: Floats, path: Floats) -> Floats:
    """The scaled error of each series; NaN for constant ones."""
    week = 7 * 24
    usual = np.nanmean(np.abs(history[:, week:] - history[:, :-week]), axis=1)
    live = usual > 1e-9 * np.nanmax(np.abs(history), axis=1)
    error = absent(np.nanmean, np.abs(actual - path))
    return np.where(live, np.minimum(error / np.where(live, usual, 1.0), 20.0), np.nan)


def line_of_last_week(history: Floats, steps: int) -> Floats:
    """What `predict_linear(x[7d], ...)` says."""
    past = history[:, -7 * 24 :]
    middle = (past.shape[1] - 1) / 2
    t = np.arange(past.shape[1], dtype=np.float64) - middle
    slope: Floats = (past - past.mean(axis=1, keepdims=True)) @ t / float(t @ t)
    ahead = np.arange(steps, dtype=np.float64) + middle + 1
    return np.asarray(past.mean(axis=1)[:, None] + slope[:, None] * ahead, dtype=np.float64)


def week_ahead(cases: list[Case]) -> tuple[float, float, float]:
    """Prints sMASE and coverage; gives (sMASE, weekly naive's, coverage) over all series."""
    scores: dict[str, list[Floats]] = {}
    inside: list[Floats] = []
    families: list[str] = []
    shown = total = 0
    for back in ORIGINS_BACK:
        cut = [c for c in cases if c.values.shape[1] >= (HISTORY_DAYS + back) * 24]
        spans = [(c.values.shape[1] - back * 24, c) for c in cut]
        history = np.concatenate([c.values[:, end - HISTORY_DAYS * 24 : end] for end, c in spans])
        actual = np.concatenate([c.values[:, end : end + AHEAD_DAYS * 24] for end, c in spans])
        seen = outlook(history, steps=AHEAD_DAYS * 24)
        now = rolling(history, MODELS, steps=AHEAD_DAYS * 24, steps_a_day=24)[-1]
        paths = {"Plimsoll (what is shown)": seen.path, "Plimsoll (nothing withheld)": now.blend}
        paths |= {model.name: path for model, path in zip(MODELS.values(), now.paths, strict=True)}
        paths["a line through last week"] = line_of_last_week(history, AHEAD_DAYS * 24)
        paths["knows the future"] = np.tile(np.median(actual.reshape(len(actual), AHEAD_DAYS, 24), axis=1), AHEAD_DAYS)
        for name, path in paths.items():
            scores.setdefault(name, []).append(smase(history, actual, path))
        families += [family for c in cut for family in c.family]
        held = np.where(np.isnan(seen.path), np.nan, (actual >= seen.low) & (actual <= seen.high))
        inside.append(np.where(np.isnan(smase(history, actual, now.blend))[:, None], np.nan, held))
        shown, total = shown + seen.withheld.count(None), total + len(history)
    kinds = np.array(families)
    names = sorted(set(families))
    print(f"\n## 7 days ahead, {HISTORY_DAYS} days of history, {len(ORIGINS_BACK)} origins, {total} forecasts")
    print(
        f"{'sMASE (less is better)':30}{'all':>8}{'median':>8}"
        + "".join(f"{n:>9}" for n in names)
        + f"{'families':>10}"
    )
    for name, parts in scores.items():
        s = np.concatenate(parts)
        by = [float(np.nanmean(s[kinds == n])) for n in names]
        print(
            f"{name:30}{np.nanmean(s):8.3f}{np.nanmedian(s):8.3f}"
            + "".join(f"{b:9.3f}" for b in by)
            + f"{np.mean(by):10.3f}"
        )
    held = np.concatenate(inside)
    days = [float(np.nanmean(held[:, d * 24 : d * 24 + 24])) for d in range(AHEAD_DAYS)]
    by = [float(np.nanmean(held[kinds == n])) for n in names]
    print(f"{'80 % band holds':30}{np.nanmean(held):8.3f}{'':8}" + "".join(f"{b:9.3f}" for b in by))
    print(f"{'  by day ahead':30}" + "".join(f"{d:8.3f}" for d in days))
    print(f"shown {shown} of {total}; the others lost to last week or left their band in the backtest")
    ours, naive = (np.concatenate(scores[n]) for n in ("Plimsoll (nothing withheld)", "seasonal naive"))
    return float(np.nanmean(ours)), float(np.nanmean(naive)), float(np.nanmean(held))


def first_day(over: Floats) -> Floats:
    """1 for tomorrow; infinite where the line is never crossed."""
    crossed = over.astype(bool)
    return np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1.0, np.inf)


def days_to_line(cases: list[Case], history_days: int = 20) -> tuple[float, int]:
    """Prints the error of the days to a line; gives (mean |error|, false exhaustions without drift)."""
    daily = np.concatenate([c.values[:, -45 * 24 :].reshape(-1, 45, 24).mean(axis=2) for c in long(cases)])
    deviation = daily.std(axis=1)
    live = deviation > 1e-6 * np.abs(daily).max(axis=1)
    daily, deviation = daily[live], deviation[live]
    drifting = daily + 0.5 * deviation[:, None] * (np.arange(45) + 0.5)
    started = time.perf_counter()
    seen, flat = (whole(x[:, :history_days]) for x in (drifting, daily))
    took = (time.perf_counter() - started) / 2 / len(daily)
    errors: list[float] = []
    within: list[bool] = []
    earliest: list[bool] = []
    covered: list[bool] = []
    false = tight = 0
    for target in (2, 5, 9, 14, 19, 24):
        line = np.median(daily[:, history_days - 7 : history_days], axis=1) + 0.5 * deviation * (history_days + target)
        truth = first_day(drifting[:, history_days:] >= line[:, None])
        fair = (truth <= 25) & (drifting[:, :history_days].max(axis=1) < line)
        middle, early, late = (first_day(edge >= line[:, None]) for edge in (seen.path, seen.high, seen.low))
        off = np.abs(np.minimum(middle, HORIZON) - truth)[fair]
        errors += off.tolist()
        within += (off <= 0.5 * truth[fair]).tolist()
        earliest += (early <= truth)[fair].tolist()
        covered += ((early <= truth) & (truth <= late))[fair].tolist()
        false += int(np.isfinite(first_day(flat.path[:, :30] >= line[:, None])).sum())
    for deviations in (4, 6):
        line = np.median(daily[:, :history_days], axis=1) + deviations * deviation
        below = daily[:, history_days - 3 : history_days].mean(axis=1) < line
        tight += int((np.isfinite(first_day(flat.path[:, :30] >= line[:, None])) & below).sum())
    print(f"\n## days to a line, {history_days} days of history, {len(errors)} lines over {len(daily)} drifting series")
    print(f"mean |error| {np.mean(errors):.2f} days, median {np.median(errors):.1f}, within 50 % {np.mean(within):.3f}")
    print(
        f"earliest day not too late {np.mean(earliest):.3f}, truth between earliest and latest {np.mean(covered):.3f}"
    )
    print(
        f"no drift: {false} false of {6 * len(daily)} at those lines, {tight} of {2 * len(daily)} at 4 and 6 deviations"
    )
    print(f"{took * 1e3:.2f} ms a series")
    return float(np.mean(errors)), false


def whole(history: Floats) -> Outlook:
    """The daily outlook, 40 days ahead, with nothing withheld: the error of every series counts."""
    import dataclasses

    from plimsoll.analysis.forecasts.backtest import judged, said
    from plimsoll.analysis.forecasts.bands import Past, band

    used = list(MODELS.values())
    origins = rolling(history, MODELS, steps=HORIZON, steps_a_day=1)
    sloping = np.array([model.leads for model in used])[origins[-1].lead]
    past = [Past(said(origin, origins[-1].lead, used), origin.actual) for origin in judged(origins)]
    edges = band(origins[-1].blend, past, steps_a_day=1, sloping=sloping)
    seen = outlook(history, steps=HORIZON, steps_a_day=1)
    return dataclasses.replace(seen, path=origins[-1].blend, low=edges.low, high=edges.high)


def long(cases: list[Case]) -> list[Case]:
    """The cases with 45 days or more."""
    return [case for case in cases if case.values.shape[1] >= 45 * 24]


def saw_teeth() -> int:
    """Prints how often a saw-tooth that peaks at 80 % is said to reach 85 %; gives the number."""
    rng = np.random.default_rng(3)
    t = np.arange(30 * 24) / 24
    kinds: dict[str, Callable[[float], Floats]] = {
        "nightly backup": lambda phase: 55 + 25 * ((t + phase) % 1),
        "log rotation, weekly": lambda phase: 50 + 30 * ((t + 7 * phase) / 7 % 1),
        "clean-up each 3 days": lambda phase: 60 + 20 * ((t + 3 * phase) / 3 % 1),
        "clean-up each 10 days": lambda phase: 50 + 30 * ((t + 10 * phase) / 10 % 1),
        "clean-up each 13 days": lambda phase: 50 + 30 * ((t + 13 * phase) / 13 % 1),
    }
    print("\n## saw-teeth that peak at 80 %, line at 85 %, 60 days ahead")
    wrong = 0
    for name, make in kinds.items():
        series = np.stack([make(phase) + rng.normal(0, 0.4, len(t)) for phase in np.linspace(0, 0.95, 20)])
        alarms = [int((outlook(series[:, : d * 24], steps=60 * 24).path > 85).any(axis=1).sum()) for d in (21, 28, 30)]
        wrong += sum(alarms)
        print(f"{name:24}{sum(alarms):4} alarms of 60")
    return wrong


def speed(cases: list[Case]) -> float:
    """Prints the time of one hourly outlook; gives ms a series."""
    history = np.concatenate(
        [c.values[:, -HISTORY_DAYS * 24 :] for c in cases if c.values.shape[1] >= HISTORY_DAYS * 24]
    )
    started = time.perf_counter()
    outlook(history, steps=AHEAD_DAYS * 24)
    took = (time.perf_counter() - started) / len(history) * 1e3
    print(f"\n## cost: {took:.2f} ms a series ({len(history)} hourly series of {HISTORY_DAYS} days, backtest included)")
    return took


def main() -> None:
    """The whole table."""
    parser = argparse.ArgumentParser(description="How right the forecasts are.")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=beside, help="a folder with folders of Parquet files")
    folder: Path = parser.parse_args().data
    real = list(read(folder)) if folder.is_dir() else []
    if not real:
        print(f"no Parquet series under {folder.name}: planted series only")
    cases = [*real, planted()]
    ours, naive, held = week_ahead(cases)
    error, false = days_to_line(real or cases)
    days_to_line(real or cases, history_days=28)
    teeth = saw_teeth()
    took = speed(cases)
    print("\n## reached")
    for name, good in (
        (f"7-day sMASE {ours:.3f} (at most 0.80)", ours <= 0.80),
        (f"better than weekly naive by {100 * (1 - ours / naive):.1f} % (at least 15)", ours <= 0.85 * naive),
        (f"80 % bands hold {100 * held:.1f} % (77 to 83)", 0.77 <= held <= 0.83),
        (f"days to a line {error:.2f} days off (at most 5.5)", error <= 5.5),
        (f"{false} false exhaustions without drift (0)", false == 0),
        (f"{teeth} alarms on saw-teeth (0)", teeth == 0),
        (f"{took:.2f} ms a series (at most 5)", took <= 5),
    ):
        print(f"{'yes' if good else 'NO':4}{name}")


if __name__ == "__main__":
    main()
