"""Rolling origins: what would have been forecast one, two, three ... weeks ago, from what was known then.

The forecasters run at each origin; at each, the blend is made from errors that were already known then. So the blend's
own errors inside the history are honest: they are what the bands, the skill and the coverage are made of. At the oldest
origins nothing had been tried yet, so nothing could be chosen: they teach, and are not judged (see `judged`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.forecasts.contract import DAYS_A_WEEK, Forecaster, whole_days
from plimsoll.analysis.robust import Floats, absent

DAYS_BACK = (35, 28, 21, 17, 14, 10, 7)
SHARPNESS = 16.0
FLEET_TRIALS = 2.0
REFERENCE = "seasonal naive"


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin: how many days before the end of the history, each forecaster's path, the blend, who made it.

    `paths` is forecasters x series x steps; `lead` names, for each series, the forecaster with the largest weight;
    `taught` says whether any error was known then.
    """

    days_back: int
    taught: bool
    paths: Floats
    applies: NDArray[np.bool_]
    blend: Floats
    lead: NDArray[np.int64]
    actual: Floats


def rolling(history: Floats, forecasters: Mapping[str, Forecaster], *, steps: int, steps_a_day: int) -> list[Origin]:
    """The origins inside the history, oldest first, and last the present one (`days_back` 0, `steps` ahead).

    An error is known a week after its origin. Only origins whole weeks back teach: between them there is little new.
    """
    known = whole_days(history, steps_a_day)
    days = known.shape[1] // steps_a_day
    models = list(forecasters.values())
    shortest = min(model.minimum_days for model in models)
    origins: list[Origin] = []
    errors: dict[int, Floats] = {}
    for back in (*(back for back in DAYS_BACK if days - back >= shortest), 0):
        past = known[:, : known.shape[1] - back * steps_a_day]
        actual = known[:, past.shape[1] :]
        ahead = actual.shape[1] if back else steps
        paths = np.stack([_path(model, past, ahead, steps_a_day) for model in models])
        applies = np.stack([_applies(model, past, steps_a_day) for model in models])
        teaching = [error for older, error in errors.items() if older - back >= DAYS_A_WEEK]
        blend, lead = _blended(models, paths, applies, teaching)
        origins.append(Origin(back, bool(teaching), paths, applies, blend, lead, actual))
        first_week = DAYS_A_WEEK * steps_a_day
        if back and back % DAYS_A_WEEK == 0:
            errors[back] = _mean_error(paths[..., :first_week], actual[:, :first_week])
    return origins


def _path(model: Forecaster, past: Floats, steps: int, steps_a_day: int) -> Floats:
    if past.shape[1] < model.minimum_days * steps_a_day:
        return np.full((len(past), steps), np.nan)
    return model.path(past, steps, steps_a_day)


def _applies(model: Forecaster, past: Floats, steps_a_day: int) -> NDArray[np.bool_]:
    if past.shape[1] < model.minimum_days * steps_a_day:
        return np.zeros(len(past), dtype=np.bool_)
    return model.applies(past, steps_a_day)


def _mean_error(paths: Floats, actual: Floats) -> Floats:
    return absent(np.nanmean, np.abs(paths - actual))


def _blended(
    models: Sequence[Forecaster], paths: Floats, applies: NDArray[np.bool_], errors: Sequence[Floats]
) -> tuple[Floats, NDArray[np.int64]]:
    """Weights fall with the past error, a series' own and the fleet's; a leader that has not lost takes its series."""
    usable = ~np.isnan(paths).all(axis=2) & applies
    candidates = np.array([not model.leads and model.name != REFERENCE for model in models])[:, None] & usable
    past = absent(np.nanmean, np.stack(errors), axis=0) if errors else np.full(paths.shape[:2], np.nan)
    weights = _weights(past, candidates, trials=len(errors))
    best = absent(np.nanmin, np.where(candidates, past, np.nan), axis=0)
    for index, model in enumerate(models):
        if model.may_lose is not None:
            takes = usable[index] & (past[index] <= model.may_lose * best)
            weights[:, takes] = 0.0
            weights[index, takes] = 1.0
    blend = np.einsum("kn,knh->nh", weights, np.where(np.isnan(paths), 0.0, paths))
    return np.where(weights.sum(axis=0)[:, None] > 0, blend, np.nan), weights.argmax(axis=0)


def _weights(past: Floats, candidates: NDArray[np.bool_], *, trials: int) -> Floats:
    """Softmax of the mean log error, relative to the series' best, shrunk to the fleet's mean.

    Before anything has been tried, the first forecaster that can say anything speaks.
    """
    first = np.zeros(past.shape)
    first[candidates.argmax(axis=0), np.arange(past.shape[1])] = candidates.any(axis=0)
    if not trials:
        return first
    judged = np.where(candidates & (past > 0), past, np.nan)
    ratio = np.log(judged / absent(np.nanmin, judged, axis=0))
    fleet = absent(np.nanmean, ratio, axis=1)[:, None]
    ratio = (trials * ratio + FLEET_TRIALS * fleet) / (trials + FLEET_TRIALS)
    weights = np.where(np.isnan(ratio), 0.0, np.exp(-SHARPNESS * ratio))
    total = weights.sum(axis=0)
    return np.where(total > 0, weights / np.where(total > 0, total, 1.0), first)


def judged(origins: Sequence[Origin]) -> list[Origin]:
    """The origins inside the history by which a forecast is judged: the taught ones, all where fewer than two are."""
    inside = [origin for origin in origins if origin.days_back]
    taught = [origin for origin in inside if origin.taught]
    return taught if len(taught) >= 2 else inside


def said(origin: Origin, lead: NDArray[np.int64], models: Sequence[Forecaster]) -> Floats:
    """What was said at an origin by the model that speaks for each series today (`lead`).

    A series that a leader took over today is judged by what that leader would have said, the others by the blend.
    """
    leads = np.array([model.leads for model in models])[lead]
    own = origin.paths[lead, np.arange(len(lead))]
    return np.where(leads[:, None], own, origin.blend)
