"""The outlook: path, band, skill, coverage, and the reason where nothing is shown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.analysis import forecasts
from plimsoll.analysis.forecasts.backtest import REFERENCE, Origin, judged, rolling, said
from plimsoll.analysis.forecasts.bands import Past, band
from plimsoll.analysis.forecasts.contract import DAYS_A_WEEK, Forecaster, whole_days
from plimsoll.analysis.robust import Floats, absent, pieces
from plimsoll.extensions import discover

NOMINAL = 0.8
ONE_IN_TWENTY = 1.645
MAY_LOSE = 0.05
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
    reason, path and band are NaN: there is never a path without a proven band.
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
    tried = judged(origins)
    past = [Past(said(origin, now.lead, used), origin.actual) for origin in tried]
    sloping = np.array([model.leads for model in used])[now.lead]
    edges = band(now.blend, past, steps_a_day=steps_a_day, sloping=sloping)
    reference = [model.name for model in used].index(REFERENCE)
    skill = _skill(tried, past, reference, DAYS_A_WEEK * steps_a_day)
    withheld = tuple(
        _reason(*facts, trials=len(tried))
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
            Trial(origin.days_back, one.forecast, low, high, one.actual)
            for origin, one, (low, high) in zip(tried, past, edges.past, strict=True)
        ),
        withheld=withheld,
    )


def _nothing(series: int, steps: int) -> Outlook:
    unknown, row = np.full((series, steps), np.nan), np.full(series, np.nan)
    none = ("",) * series
    return Outlook(unknown, unknown, unknown, none, (False,) * series, row, row, (), (TOO_SHORT,) * series)


def _known_days(known: Floats, steps_a_day: int) -> list[int]:
    """Days with at least one reading, of each series."""
    by_day = pieces(known, steps_a_day)
    counts: list[int] = np.count_nonzero(~np.isnan(by_day).all(axis=2), axis=1).tolist()
    return counts


def _whole(paths: Floats) -> list[bool]:
    """Whether each series has all its steps."""
    return [not bool(np.isnan(path).any()) for path in paths]


def _reason(days: int, whole: bool, skill: float, coverage: float, *, trials: int) -> str | None:
    if days < MINIMUM_DAYS or not whole:
        return TOO_SHORT
    if skill < -MAY_LOSE:
        return LOSES
    if coverage < least_coverage(trials):
        return DOES_NOT_HOLD
    return None


def least_coverage(trials: int) -> float:
    """The share of outcomes below which an 80 % band cannot be believed (one in twenty good bands falls below it).

    The days after one origin are no independent proofs: each trial counts as two.

    >>> round(least_coverage(3), 2), round(least_coverage(5), 2)
    (0.53, 0.59)
    """
    return NOMINAL - ONE_IN_TWENTY * math.sqrt(NOMINAL * (1 - NOMINAL) / (2 * trials)) if trials else 0.0


def _skill(tried: Sequence[Origin], past: Sequence[Past], reference: int, week: int) -> Floats:
    """1 - error / error of the reference, over the first week after each origin; NaN where the reference is exact."""
    own: list[Floats] = []
    other: list[Floats] = []
    for origin, one in zip(tried, past, strict=True):
        theirs = origin.paths[reference]
        both = ~np.isnan(one.forecast + theirs)
        own.append(np.where(both, np.abs(one.forecast - one.actual), np.nan)[:, :week])
        other.append(np.where(both, np.abs(theirs - one.actual), np.nan)[:, :week])
    mean_own, mean_other = (absent(np.nanmean, np.concatenate(errors, axis=1)) for errors in (own, other))
    return 1 - mean_own / np.where(mean_other > 0, mean_other, np.nan)
