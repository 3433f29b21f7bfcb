"""The outlook of every pool and resource in days: path, band, growth, receipts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.analysis.capacity.levels import HOURS_A_DAY, daily_level
from plimsoll.analysis.climb import Climb
from plimsoll.analysis.forecasts.outlook import Outlook, Trial, outlook
from plimsoll.analysis.robust import Floats, theil_sen

AHEAD_DAYS = (7, 28)
"""How far ahead past forecasts are held against what happened."""
CLIMB = "pace of the climb since its onset"
_TOGETHER = 1000


@dataclass(frozen=True, slots=True)
class Tried:
    """A forecast made `made_back` days ago of the day `due_back` days ago, with its band, and what happened."""

    made_back: int
    due_back: int
    forecast: float
    low: float
    high: float
    happened: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """One series: its daily levels so far, and the days ahead (empty where withheld).

    With a `climb` the days ahead are its own: it is newer evidence than the trend of weeks.
    """

    history: Floats
    path: Floats
    low: Floats
    high: Floats
    method: str
    growth_per_day: float | None
    skill: float | None
    coverage: float | None
    tried: tuple[Tried, ...]
    withheld: str | None
    fills: bool = False
    latest: float | None = None
    climb: Climb | None = None

    @property
    def now(self) -> float | None:
        """The middle of the last three days, of space the last one, of memory the last hour; None if none was read."""
        if self.latest is not None:
            return self.latest
        last = self.history[-3:]
        known = last[~np.isnan(last)]
        if not len(known):
            return None
        return float(known[-1]) if self.fills else float(np.median(known))

    def scaled(self, factor: float) -> "Ahead":
        """The same with every level times `factor`, from now on: history stays what was measured."""
        growth = None if self.growth_per_day is None else self.growth_per_day * factor
        return replace(
            self,
            path=self.path * factor,
            low=self.low * factor,
            high=self.high * factor,
            growth_per_day=growth,
            climb=self.climb.scaled(factor) if self.climb else None,
        )

    def grown(self, factor: float) -> "Ahead":
        """The same with its growth times `factor`: what is stored now stays what it is."""
        if self.now is None or not len(self.path):
            return self
        growth = None if self.growth_per_day is None else self.growth_per_day * factor
        path, low, high = (
            np.maximum(self.now + factor * (one - self.now), 0.0) for one in (self.path, self.low, self.high)
        )
        climb = self.climb.grown(factor) if self.climb else None
        return replace(self, path=path, low=low, high=high, growth_per_day=growth, climb=climb)

    def known_now(self, last: float | None, climb: Climb | None, horizon_days: int) -> "Ahead":
        """The same with the last reading as its level now, and with the days ahead of a climb in place of a trend's.

        What the trend promised in the past is no receipt of a climb.
        """
        latest = self.latest if last is None else last
        if climb is None:
            return replace(self, latest=latest)
        path, low, high = climb.path(np.arange(24.0, 24.0 * horizon_days + 1, 24.0))
        return replace(
            self,
            path=path,
            low=np.maximum(low, 0.0),
            high=high,
            method=CLIMB,
            growth_per_day=24 * climb.pace,
            skill=None,
            coverage=None,
            tried=(),
            withheld=None,
            latest=climb.level if latest is None else latest,
            climb=climb,
        )


def ahead_of(
    hourly: Sequence[Floats],
    *,
    fills: Sequence[bool],
    horizon_days: int,
    busy_quantile: float,
    kept: Sequence[bool] = (),
) -> list[Ahead]:
    """The outlook of each hourly series, in the order given.

    Demand is forecast by its daily level; what `fills` (space) hour by hour, since a clean-up takes no whole day. All
    series of one kind are one fleet: bands are pooled over them. What is `kept` (memory) is now what was read last: it
    has no busy hours.
    """
    found: dict[int, Ahead] = {}
    for kind in (False, True):
        rows = [index for index, fill in enumerate(fills) if bool(fill) is kind]
        if not rows:
            continue
        parts = [rows[n : n + _TOGETHER] for n in range(0, len(rows), _TOGETHER)]
        levels = np.concatenate([daily_level(np.stack([hourly[n] for n in part]), busy_quantile) for part in parts])
        seen = (
            outlook(np.stack([hourly[index] for index in rows]), steps=horizon_days * HOURS_A_DAY)
            if kind
            else outlook(levels, steps=horizon_days, steps_a_day=1)
        )
        step = HOURS_A_DAY if kind else 1
        for row, index in enumerate(rows):
            found[index] = _ahead(levels[row], seen, row, step, busy_quantile)
    return [
        replace(found[index], latest=_last(hourly[index])) if kept and kept[index] else found[index]
        for index in range(len(hourly))
    ]


def _last(hourly: Floats) -> float | None:
    """The last hour of the last day that was read."""
    known = hourly[-HOURS_A_DAY:][~np.isnan(hourly[-HOURS_A_DAY:])]
    return float(known[-1]) if len(known) else None


def _ahead(levels: Floats, seen: Outlook, row: int, steps_a_day: int, quantile: float) -> Ahead:
    def days(values: Floats) -> Floats:
        return values if steps_a_day == 1 else daily_level(values[None, :], quantile, least_hours=1)[0]

    path = np.maximum(days(seen.path[row]), 0.0)
    sloping = seen.sloping[row] and seen.withheld[row] is None
    return Ahead(
        history=levels,
        path=path,
        low=np.maximum(days(seen.low[row]), 0.0),
        high=np.maximum(days(seen.high[row]), 0.0),
        method=seen.lead[row],
        growth_per_day=float(theil_sen(path[None, :])[0]) if sloping else None,
        skill=_known(seen.skill[row]),
        coverage=_known(seen.coverage[row]),
        tried=tuple(
            one
            for trial in seen.trials
            for ahead in AHEAD_DAYS
            if ahead <= trial.days_back and (one := _tried(trial, row, days, levels, ahead)) is not None
        ),
        withheld=seen.withheld[row],
        fills=steps_a_day > 1,
    )


def _tried(trial: Trial, row: int, days: Callable[[Floats], Floats], levels: Floats, ahead: int) -> Tried | None:
    due_back = trial.days_back - ahead
    said = [float(days(values[row])[ahead - 1]) for values in (trial.path, trial.low, trial.high)]
    happened = float(levels[-1 - due_back])
    if any(np.isnan(value) for value in (*said, happened)):
        return None
    return Tried(trial.days_back, due_back, said[0], said[1], said[2], happened)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
