"""The outlook: path, band, skill, coverage, and the reason where nothing is shown."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plimsoll.analysis import forecasts
from plimsoll.analysis.forecasts.backtest import REFERENCE, Origin, lead_errors, rolling
from plimsoll.analysis.forecasts.bands import Past, band
from plimsoll.analysis.forecasts.contract import DAYS_A_WEEK, Forecaster, whole_days
from plimsoll.analysis.robust import Floats, absent
from plimsoll.catalogue import discover

LEAST_COVERAGE = 0.6
MINIMUM_DAYS = 14
TOO_SHORT = "not enough history"
LOSES = "too irregular: last week says it better"
DOES_NOT_HOLD = "too irregular: past outcomes left the band"


@dataclass(frozen=True, slots=True)
class Trial:
    """What would have been said `days_back` days ago, with its band, and what happened; series x steps."""

    days_back: int
    path: Floats
    low: Floats
    high: Floats
    actual: Floats


@dataclass(frozen=True, slots=True)
class Outlook:
    """series x steps of the middle (`path`) and the edges of the 80 % band; and for each series its receipts.

    `lead` names the forecaster that says most; `skill` is 1 - error / error of the seasonal naive in the backtest;
    `coverage` the share of past outcomes inside the band; `trials` are the times it was tried. Where `withheld` gives a
    reason, path and band are NaN: there is never a path without a band that held.
    """

    path: Floats
    low: Floats
    high: Floats
    lead: tuple[str, ...]
    sloping: tuple[bool, ...]
    skill: Floats
    coverage: Floats
    trials: tuple[Trial, ...]
    withheld: tuple[str | None, ...]


def forecasters() -> dict[str, Forecaster]:
    """Every forecaster of this folder, by module name; the order decides only what speaks before anything was tried."""
    return discover(forecasts, "FORECASTER", Forecaster)


def outlook(
    history: Floats, *, steps: int, steps_a_day: int = 24, models: Mapping[str, Forecaster] | None = None
) -> Outlook:
    """Forecasts every series and says how far each forecast may be trusted.

    in: series x steps of whole days up to now, NaN = gap. All series are one fleet: bands are pooled over them.
    """
    known = whole_days(history, steps_a_day)
    used = list((models or forecasters()).values())
    if known.shape[1] < MINIMUM_DAYS * steps_a_day or not len(known):
        return _nothing(len(known), steps)
    origins = rolling(known, {model.name: model for model in used}, steps=steps, steps_a_day=steps_a_day)
    now = origins[-1]
    pairs = lead_errors(origins, used)
    sloping = np.array([model.leads for model in used])[now.lead]
    edges = band(now.blend, [Past(*pair) for pair in pairs], steps_a_day=steps_a_day, sloping=sloping)
    skill = _skill(origins, used, steps_a_day)
    withheld = tuple(
        _reason(*facts)
        for facts in zip(
            _known_days(known, steps_a_day),
            _whole(now.blend + edges.low + edges.high),
            skill.tolist(),
            edges.coverage.tolist(),
            strict=True,
        )
    )
    shown = np.array([reason is None for reason in withheld])[:, None]
    return Outlook(
        path=np.where(shown, now.blend, np.nan),
        low=np.where(shown, edges.low, np.nan),
        high=np.where(shown, edges.high, np.nan),
        lead=tuple(used[int(index)].name for index in now.lead),
        sloping=tuple(sloping.tolist()),
        skill=skill,
        coverage=edges.coverage,
        trials=tuple(
            Trial(origin.days_back, forecast, low, high, actual)
            for origin, (forecast, actual), (low, high) in zip(origins[:-1], pairs, edges.past, strict=True)
        ),
        withheld=withheld,
    )


def _nothing(series: int, steps: int) -> Outlook:
    unknown, row = np.full((series, steps), np.nan), np.full(series, np.nan)
    none = ("",) * series
    return Outlook(unknown, unknown, unknown, none, (False,) * series, row, row, (), (TOO_SHORT,) * series)


def _known_days(known: Floats, steps_a_day: int) -> list[int]:
    """Days with at least one reading, of each series."""
    by_day = known.reshape(len(known), -1, steps_a_day)
    counts: list[int] = np.count_nonzero(~np.isnan(by_day).all(axis=2), axis=1).tolist()
    return counts


def _whole(paths: Floats) -> list[bool]:
    """Whether each series has all its steps."""
    return [not bool(np.isnan(path).any()) for path in paths]


def _reason(days: int, whole: bool, skill: float, coverage: float) -> str | None:
    if days < MINIMUM_DAYS or not whole:
        return TOO_SHORT
    if skill < 0:
        return LOSES
    if coverage < LEAST_COVERAGE:
        return DOES_NOT_HOLD
    return None


def _skill(origins: list[Origin], models: list[Forecaster], steps_a_day: int) -> Floats:
    """1 - error / error of the reference, over the first week after each origin; NaN where the reference is exact.

    At the oldest origin nothing had been tried, so nothing chosen: it counts only where it is the only one.
    """
    reference = [model.name for model in models].index(REFERENCE)
    week = DAYS_A_WEEK * steps_a_day
    own: list[Floats] = []
    other: list[Floats] = []
    tried = list(zip(origins[:-1], lead_errors(origins, models), strict=True))
    for origin, (forecast, actual) in tried[1:] or tried:
        both = ~np.isnan(forecast + origin.paths[reference])
        own.append(np.where(both, np.abs(forecast - actual), np.nan)[:, :week])
        other.append(np.where(both, np.abs(origin.paths[reference] - actual), np.nan)[:, :week])
    ours = absent(np.nanmean, np.concatenate(own, axis=1))
    theirs = absent(np.nanmean, np.concatenate(other, axis=1))
    return 1 - ours / np.where(theirs > 0, theirs, np.nan)
