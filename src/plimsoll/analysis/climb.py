"""The one forecast of what only grows: how fast it climbs since its onset, and what that leaves.

Rules, advice, capacity and the verdict take the pace, and the time that is left, from one `Climb`. What lay flat before
the onset says nothing of the pace: a month of 52 % is no evidence against two days at 0.7 points an hour.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from plimsoll.analysis.forecasts.filling import rest_of_two_lines
from plimsoll.analysis.robust import MAD_TO_SIGMA, Floats, theil_sen
from plimsoll.documents.time_left import Left, TimeLeft, rounded

LOW, HIGH = 0.1, 0.9
LEAST_SPREAD = 0.2
"""However even a rise was, a fifth either way is left open: what writes may write more, or less, tomorrow."""
_SHORTEST_H = 6
_BEND_SHARE = 0.25
_EDGE_SIGMAS = 1.2816
"""Nine in ten of a normal spread lie below: with the paces it makes a band of about 80 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """A straight rise of the last hours of one metric, in percent and points an hour.

    `level` is where its line stands at the end of what was read, `noise` how far hours lie beside it; `pace` is the
    middle, `slowest` and `fastest` the edges of an 80 % band. `hours` is how long the rise has gone on, `risen` how far
    it came. At `full_pct` what it fills counts as used up.
    """

    level: float
    pace: float
    slowest: float
    fastest: float
    noise: float
    hours: float
    risen: float
    full_pct: float

    def left(self, percent: float) -> Left:
        """Hours until a level; an edge of None: it may not be reached at all.

        >>> Climb(level=89, pace=0.75, slowest=0.6, fastest=0.9, noise=0, hours=50, risen=37, full_pct=98).left(98)
        Left(hours=12.0, low=10.0, high=15.0)
        """
        away, beside = percent - self.level, _EDGE_SIGMAS * self.noise
        low = max(0.0, away - beside) / self.fastest
        high = max(0.0, away + beside) / self.slowest if self.slowest > 0 else None
        return Left(
            hours=rounded(max(0.0, away) / self.pace), low=rounded(low), high=None if high is None else rounded(high)
        )

    def path(self, hours: Floats) -> tuple[Floats, Floats, Floats]:
        """The level so many hours from now: the middle, and both edges; beyond 100 it is what would be needed."""
        beside = _EDGE_SIGMAS * self.noise
        low = self.level - beside + self.slowest * hours
        return self.level + self.pace * hours, low, self.level + beside + self.fastest * hours

    def grown(self, factor: float) -> "Climb":
        """The same with its pace times `factor`: more is written, and what is stored stays what it is."""
        return replace(self, pace=self.pace * factor, slowest=self.slowest * factor, fastest=self.fastest * factor)

    def scaled(self, factor: float) -> "Climb":
        """The same with every level times `factor`: the same use of something larger or smaller."""
        return replace(self.grown(factor), level=self.level * factor, noise=self.noise * factor)

    def time_left(self, *, now: float | None, line: float | None = None) -> TimeLeft:
        """As documents have it; `now` is the last reading, None: the line's end."""
        return TimeLeft(
            now=round(self.level if now is None else now, 2),
            points_per_hour=round(self.pace, 4),
            hours_of_climb=round(self.hours, 1),
            full_pct=self.full_pct,
            until_full=self.left(self.full_pct),
            line=line,
            until_line=None if line is None else self.left(line),
        )


@dataclass(frozen=True, slots=True)
class Levels:
    """Of a fleet at an instant, by (resource id, metric): the last reading in percent, and what climbs."""

    last: "dict[tuple[str, str], float]" = field(default_factory=dict[tuple[str, str], float])
    climbs: "dict[tuple[str, str], Climb]" = field(default_factory=dict[tuple[str, str], Climb])


def onset(hourly: Floats) -> int:
    """The hour at which a rise began, 0: with the first; two lines that meet there leave a quarter of what one leaves.

    >>> onset(np.concatenate([np.full(30, 50.0), 50 + 2.0 * np.arange(1, 13)]))
    30
    """
    places = np.arange(_SHORTEST_H, len(hourly) - _SHORTEST_H + 1, dtype=np.int64)
    if not len(places):
        return 0
    middle = hourly - hourly.mean()
    rests = rest_of_two_lines(middle, places)
    at = np.arange(len(hourly)) - (len(hourly) - 1) / 2
    one = float((middle - at * (at @ middle) / (at @ at)) @ middle)
    return int(places[int(rests.argmin())]) if rests.min() <= _BEND_SHARE * one and one > 0 else 0


def straight(hourly: Floats, *, full_pct: float, lately: int, hours: float, risen: float) -> Climb:
    """The line through the last `lately` of some hourly levels (no gaps, the last hour last): Theil-Sen, in points.

    Its edges are the paces between hours half of that apart, as this very rise has shown them, and at least a fifth.

    >>> made = straight(np.linspace(40, 87, 48), full_pct=98, lately=24, hours=48, risen=47)
    >>> round(made.pace, 3), round(made.level, 3), made.left(98).hours
    (1.0, 87.5, 10.5)
    """
    seen = hourly[-lately:]
    pace = float(theil_sen(seen[None])[0])
    back = np.arange(len(seen) - 1, -1, -1, dtype=np.float64)
    at_end = seen + pace * back
    level = float(seen[-1]) + pace / 2  # the mean of an hour stands for its middle
    apart = max(1, len(seen) // 2)
    low, high = np.quantile((seen[apart:] - seen[:-apart]) / apart, (LOW, HIGH)) if len(seen) > 1 else (pace, pace)
    noise = MAD_TO_SIGMA * float(np.median(np.abs(at_end - np.median(at_end))))
    return Climb(
        level=level,
        pace=pace,
        slowest=min(float(low), (1 - LEAST_SPREAD) * pace),
        fastest=max(float(high), (1 + LEAST_SPREAD) * pace),
        noise=noise,
        hours=hours,
        risen=risen,
        full_pct=full_pct,
    )
