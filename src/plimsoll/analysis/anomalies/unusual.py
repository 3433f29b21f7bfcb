"""Unusual: readings unlike this series' own past, by z-scores and an IsolationForest together; the default detector.

Resources of five metrics or more are judged as a whole (many metrics a little strange at once), and each metric by
itself half a point more strictly; the others metric by metric. What begins within an hour on one resource is one
finding, reported for the metric that stands out most.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.anomalies import forest, scores
from plimsoll.analysis.anomalies.contract import HIGH_ABOVE_ALARM, MEDIUM_Z, Finding, Look, Moved, ended, severity
from plimsoll.analysis.anomalies.effects import least_effect
from plimsoll.analysis.anomalies.events import NOTICED_SHARE, Episode, onsets, stretches
from plimsoll.analysis.anomalies.forest import Forest
from plimsoll.analysis.anomalies.residuals import NAMES
from plimsoll.analysis.anomalies.scores import Surprises
from plimsoll.analysis.grid import Grid
from plimsoll.analysis.robust import Floats

NAME: Final = "unusual"
_FEWEST_LEARNT: Final = 4096
_MOST_MOVED: Final = 5
_JOIN_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """All scores of one look; rows count from `found.since`."""

    grid: Grid
    found: Surprises
    metric: Floats
    rated: Floats
    z: Floats
    models: Mapping[str, Forest]
    classes: Mapping[str, str]

    def forest(self, n: int, at: int) -> float:
        """F of one row of one series; most were not rated, since no F would have made them strange."""
        if not np.isnan(self.rated[n, at]):
            return float(self.rated[n, at])
        model = self.models[self.classes.get(self.grid.series[n].resource_id, "")]
        return float(model.rate(self.found.by_residual[None, :, n, at])[0])


def find(grid: Grid, look: Look) -> list[Finding]:
    """The findings that begin at row `look.since` or later."""
    grid = grid.whole().ordered()  # a forest is fitted on rows in their order: that of resources must not matter
    if not grid.series or look.since >= grid.rows:
        return []
    found = scores.surprises(grid, since=max(look.since, 1))
    models = _models(grid, found, look.classes)
    metric, rated = _metric_scores(grid, found, look, models)
    z = scores.combined(found, scores.RESOURCE_WEIGHTS)
    seen = _Seen(grid, found, metric, rated, z, models, look.classes)
    joint = _resource_scores(seen)
    return [
        _finding(seen, resource_id, series, episode, look.alarm)
        for resource_id, series in sorted(grid.of_resources().items())
        for episode in _joined(_episodes(seen, series, joint.get(resource_id), look.alarm), grid.step_s)
    ]


def _models(grid: Grid, found: Surprises, classes: Mapping[str, str]) -> dict[str, Forest]:
    """One forest a class; a class too small to learn from takes the fleet's."""
    rows = np.moveaxis(found.by_residual, 0, -1)
    kinds = _kinds(grid, classes)
    fleet: Forest | None = None
    models: dict[str, Forest] = {}
    for kind in sorted(set(kinds.tolist())):
        members = np.flatnonzero(kinds == kind)
        if len(members) * rows.shape[1] >= _FEWEST_LEARNT:
            models[kind] = forest.fit(rows[members].reshape(-1, len(NAMES)))
        else:
            fleet = fleet or forest.fit(rows.reshape(-1, len(NAMES)))
            models[kind] = fleet
    return models


def _kinds(grid: Grid, classes: Mapping[str, str]) -> NDArray[np.str_]:
    return np.array([classes.get(one.resource_id, "") for one in grid.series], dtype=np.str_)


def _metric_scores(grid: Grid, found: Surprises, look: Look, models: Mapping[str, Forest]) -> tuple[Floats, Floats]:
    """(S, F) of each series, by the forest of its class."""
    kinds = _kinds(grid, look.classes)
    shape = found.by_residual.shape[1:]
    metric, rated = np.zeros(shape), np.zeros(shape)
    for kind, model in models.items():
        members = np.flatnonzero(kinds == kind)
        of = scores.only(found, members)
        metric[members], rated[members] = scores.metric_scores(of, model, least=NOTICED_SHARE * look.alarm)
    return metric, rated


def _resource_scores(seen: _Seen) -> dict[str, Floats]:
    """R of each resource that has metrics enough to be judged as a whole; all are rated by one forest at once."""
    many = {name: n for name, n in seen.grid.of_resources().items() if len(n) >= scores.FEWEST_METRICS}
    if not many:
        return {}
    features = [scores.resource_features(seen.z[series]) for series in many.values()]
    rows = np.concatenate(features)
    rated = np.split(scores.resource_rated(rows, forest.fit(rows)), len(many))
    found = {name: scores.resource_score(f, r) for name, f, r in zip(many, features, rated, strict=True)}
    for name, series in many.items():
        found[name][(seen.metric[series] == 0).all(axis=0)] = 0.0
    return found


def _episodes(seen: _Seen, series: list[int], joint: Floats | None, alarm: float) -> Iterator[Episode]:
    step_s = seen.grid.step_s
    if joint is not None:
        yield from stretches(joint, step_s=step_s, alarm=alarm)
    stricter = HIGH_ABOVE_ALARM if joint is not None else 0.0
    for one in series:
        yield from onsets(seen.metric[one], step_s=step_s, alarm=alarm + stricter)


def _joined(found: Iterator[Episode], step_s: float) -> list[Episode]:
    """Overlapping ones, and those that begin within an hour of an end, are one."""
    joined: list[Episode] = []
    for one in sorted(found, key=lambda episode: (episode.first, -episode.score)):
        before = joined[-1] if joined else None
        if before is not None and one.first <= before.last + _JOIN_S / step_s:
            stronger = max(before, one, key=lambda episode: episode.score)
            joined[-1] = Episode(before.first, max(before.last, one.last), stronger.peak, stronger.score)
        else:
            joined.append(one)
    return joined


def _finding(seen: _Seen, resource_id: str, series: list[int], episode: Episode, alarm: float) -> Finding:
    grid, found, at = seen.grid, seen.found, episode.peak
    ordered = sorted(series, key=lambda n: (-seen.metric[n, at], grid.series[n]))
    lead = ordered[0]
    named = [n for n in ordered[:_MOST_MOVED] if n == lead or seen.z[n, at] > 1.0]
    strongest = int(np.argmax(np.nan_to_num(found.by_residual[:, lead, at])))
    surprise = float(found.by_residual[strongest, lead, at])
    return Finding(
        detector=NAME,
        resource_id=resource_id,
        metric=grid.series[lead].metric,
        start=grid.time(found.since + episode.first),
        end=ended(grid, found.since + episode.last),
        peak=grid.time(found.since + at),
        severity=severity(episode.score, alarm),
        score=round(episode.score, 3),
        threshold=alarm,
        samples=int(found.known[lead, at]),
        moved=[moved for n in named if (moved := _moved(seen, n, at)) is not None],
        forest=round(seen.forest(lead, at), 3),
        once_in_h=_once_in_h(surprise, int(found.known[lead, at]), grid.step_s),
        residual=NAMES[strongest],
    )


def _moved(seen: _Seen, n: int, at: int) -> Moved | None:
    series, found = seen.grid.series[n], seen.found
    value, expected = float(seen.grid.values[n, found.since + at]), float(found.expected[n, at])
    if not np.isfinite([value, expected]).all():
        return None
    # a series that has hardly moved has hardly a scale: the least effect that matters is at the end of the band
    scale = float(np.fmax(found.scale[n, at], least_effect(series.metric, expected) / MEDIUM_Z))
    if scale <= 0:
        return None
    z = (value - expected) / scale
    return Moved(metric=series.metric, device=series.device, value=value, expected=expected, scale=scale, z=z)


def _once_in_h(surprise: float, known: int, step_s: float) -> float | None:
    """How many hours apart readings like it lie at the least; no more than there were to compare with."""
    return math.floor(min(10.0**surprise, known) * step_s / 360) / 10 if np.isfinite(surprise) else None
