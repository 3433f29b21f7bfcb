"""One resource as the rules see it: its readings on a regular grid, before and in the window."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plimsoll.analysis.climb import Climb
from plimsoll.analysis.robust import Floats, absent
from plimsoll.fleet.prices import Price, PriceList
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.xid_codes import METRIC as XID
from plimsoll.fleet.xid_codes import DriverError

FEWEST: Final = 3
EVENTS: Final = frozenset({XID})
"""Metrics of which one reading is the event itself."""
_FEWEST_PAST_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class ResourceWindow:
    """`readings` by metric and `devices` by (device, metric) are rows of the whole grid; the window is its end.

    `due` says in which rows of the window a reading was expected; None: in all of them. `steps_due` is how many steps
    `coverage` is a share of, `prices` what things cost, `end` when the window ends. `driver_errors` are those of the
    whole history as they were read; None: only the steps of the grid are known. `climbs` are the forecasts of what only
    grows, by metric, and `last` the last readings, as every part of a report has them; None: they were not made, and a
    rule makes its own.
    """

    resource: Resource
    readings: Mapping[str, Floats]
    window_rows: int
    step_s: float
    coverage: float | None
    devices: Mapping[tuple[str, str], Floats] = field(default_factory=dict[tuple[str, str], Floats])
    due: NDArray[np.bool_] | None = None
    steps_due: float | None = None
    prices: PriceList = field(default_factory=PriceList)
    end: datetime | None = None
    driver_errors: tuple[DriverError, ...] | None = None
    climbs: Mapping[str, Climb] | None = None
    last: Mapping[str, float] = field(default_factory=dict[str, float])
    _usual: dict[str, Floats | None] = field(
        default_factory=dict[str, Floats | None], init=False, repr=False, compare=False
    )

    @property
    def price(self) -> Price | None:
        """What the resource costs; None where no price is known."""
        return self.prices.of(self.resource)

    @property
    def rows(self) -> int:
        """How many rows the grid has."""
        known = [*self.readings.values(), *self.devices.values()]
        return len(known[0]) if known else self.window_rows

    @property
    def rows_per_hour(self) -> float:
        """Steps an hour."""
        return 3600.0 / self.step_s

    def earlier(self, days: int) -> "ResourceWindow":
        """The resource as it was seen so many days ago, as far as its readings go back."""
        rows = days * round(24 * self.rows_per_hour)
        errors = [replace(one, back_s=one.back_s - 86_400 * days) for one in self.driver_errors or ()]
        return replace(
            self,
            driver_errors=None if self.driver_errors is None else tuple(one for one in errors if one.back_s > 0),
            readings={name: row[:-rows] for name, row in self.readings.items() if len(row) > rows},
            devices={name: row[:-rows] for name, row in self.devices.items() if len(row) > rows},
            due=None,
            climbs=None,
            last={},
        )

    def only(self, *metrics: str) -> "ResourceWindow":
        """The resource with the readings of these metrics alone, and none of its devices: the others may be let go."""
        kept = {name: row for name, row in self.readings.items() if name in metrics}
        return replace(self, readings=kept, devices={}, due=None, driver_errors=None)

    def whole(self, metric: str) -> Floats | None:
        """Every row of a metric; None where it was never read."""
        return self.readings.get(metric)

    def row(self, metric: str) -> Floats | None:
        """The rows of the window; None with fewer than three readings, of an event with none."""
        row = self.readings.get(metric)
        if row is None:
            return None
        part = row[-self.window_rows :]
        return part if np.count_nonzero(~np.isnan(part)) >= (1 if metric in EVENTS else FEWEST) else None

    def steps_read(self, metric: str) -> int:
        """In how many rows of the window a metric of the resource as a whole was read."""
        row = self.readings.get(metric)
        return 0 if row is None else int(np.count_nonzero(~np.isnan(row[-self.window_rows :])))

    def past(self, metric: str) -> Floats | None:
        """The rows before the window; None with less than a day of readings."""
        row = self.readings.get(metric)
        if row is None:
            return None
        part = row[: -self.window_rows]
        return part if np.count_nonzero(~np.isnan(part)) >= _FEWEST_PAST_HOURS * self.rows_per_hour else None

    def usual(self, metric: str) -> Floats | None:
        """The median of the same hours of earlier days, for each row of the window; None without two days before."""
        if metric not in self._usual:
            self._usual[metric] = self._median_of_days(metric)
        return self._usual[metric]

    def _median_of_days(self, metric: str) -> Floats | None:
        row = self.readings.get(metric)
        day = round(24 * self.rows_per_hour)
        if row is None or len(row) < self.window_rows + 2 * day:
            return None
        back = [row[len(row) - self.window_rows - n * day : len(row) - n * day] for n in range(1, len(row) // day + 1)]
        same = [part for part in back if len(part) == self.window_rows]
        if len(same) < 2:
            return None
        found = absent(np.nanmedian, np.stack(same), axis=0)
        return found if np.isfinite(found).any() else None

    def missing(self) -> NDArray[np.bool_]:
        """The rows of the window in which something was due and nothing at all was read."""
        received = np.zeros(self.window_rows, dtype=np.bool_) if self.due is None else ~self.due
        for row in (*self.readings.values(), *self.devices.values()):
            received |= ~np.isnan(row[-self.window_rows :])
        return ~received

    def longest_silence_h(self) -> float:
        """The longest stretch of the window in which something was due and nothing at all was read, in hours."""
        edges = np.flatnonzero(np.concatenate([[True], ~self.missing(), [True]]))
        return float((np.diff(edges).max() - 1) * self.step_s / 3600)

    def hours(self, mask: NDArray[np.bool_]) -> float:
        """How long so many rows are."""
        return float(np.count_nonzero(mask) * self.step_s / 3600)


def share(mask: NDArray[np.bool_], known: Floats) -> float:
    """The share of the known rows in which something holds; 0 where nothing is known."""
    count = int(np.count_nonzero(~np.isnan(known)))
    return float(np.count_nonzero(mask & ~np.isnan(known)) / count) if count else 0.0


def above(row: Floats, value: float) -> NDArray[np.bool_]:
    """Where a reading is at or above a value; a gap is not."""
    found: NDArray[np.bool_] = np.nan_to_num(row, nan=-np.inf) >= value
    return found


def below(row: Floats, value: float) -> NDArray[np.bool_]:
    """Where a reading is at or below a value; a gap is not."""
    found: NDArray[np.bool_] = np.nan_to_num(row, nan=np.inf) <= value
    return found


def last_stretch(mask: NDArray[np.bool_], known: Floats) -> int:
    """How many rows the run at the end is long, gaps in it counted: from its first reading to the last one.

    >>> busy = np.array([50.0, 0.0, np.nan, 0.0, np.nan])
    >>> last_stretch(below(busy, 2.0), busy), last_run(below(busy, 2.0), busy)
    (3, 2)
    """
    read = np.flatnonzero(~np.isnan(known))
    run = last_run(mask, known)
    return int(read[-1] - read[-run]) + 1 if run else 0


def last_run(mask: NDArray[np.bool_], known: Floats) -> int:
    """How many rows at the end hold without a break; gaps are passed over."""
    count = 0
    for holds, value in zip(mask[::-1], known[::-1], strict=True):
        if np.isnan(value):
            continue
        if not holds:
            break
        count += 1
    return count
