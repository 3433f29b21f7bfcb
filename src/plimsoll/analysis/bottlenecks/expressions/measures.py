"""The numbers that a verdict shows: each is declared once, and gives its value and the SQL that gives it again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np

from plimsoll.analysis.bottlenecks.expressions.conditions import Condition
from plimsoll.analysis.bottlenecks.expressions.terms import GridSlice, Metric, Term, number
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.robust import Floats
from plimsoll.clock import rfc3339

Statistic: TypeAlias = Literal["mean", "median", "min", "max", "quantile"]
Rows: TypeAlias = Literal["window", "past", "whole"] | int
_NUMPY: Final[dict[str, Callable[[Floats], np.float64]]] = {
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
}
_SQL: Final = {"mean": "avg", "median": "median", "min": "min", "max": "max"}


class Measure(Protocol):
    """A number that was seen, however it is put together."""

    def value(self, window: ResourceWindow) -> float:
        """The number; NaN where nothing was read."""
        ...

    def sql(self, window: ResourceWindow, end: datetime) -> str:
        """One statement over the table `samples` that gives it, where the grid ends at `end`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A statistic of a term over the steps of five minutes in which `where` holds.

    `rows` are those of the window, of the days before it, both (`whole`), or the last so many.
    """

    of: Term
    statistic: Statistic = "mean"
    where: Condition | None = None
    rows: Rows = "window"
    device: str = ""
    quantile: float = 0.5

    def value(self, window: ResourceWindow) -> float:
        """The statistic of what is known; NaN where nothing is."""
        return self._of(self.known(window))

    def known(self, window: ResourceWindow) -> Floats:
        """The values behind the statistic, gaps left out."""
        part = GridSlice(window, _slice(window, self.rows), self.device)
        row = self.of.over(part)
        kept = ~np.isnan(row) if self.where is None else ~np.isnan(row) & self.where.over(part)
        found: Floats = row[kept]
        return found

    def _of(self, known: Floats) -> float:
        if not len(known):
            return float("nan")
        if self.statistic == "quantile":
            return float(np.quantile(known, self.quantile))
        return float(_NUMPY[self.statistic](known))

    def sql(self, window: ResourceWindow, end: datetime) -> str:
        """The statement: steps first, then the statistic over those in which the condition holds."""
        terms = [self.of, *(self.where.terms if self.where else [])]
        metrics = sorted(frozenset[str]().union(*(term.metrics for term in terms)))
        back = any(term.looks_back for term in terms)
        first, last = _bounds(window, self.rows)
        filters = [self.where.sql(window)] if self.where else []
        conditions = [f"s.step >= {first}", *filters] if back else filters
        begin = 0 if back else first
        steps = steps_of(window, end, metrics, begin=begin, stop=last, device=self.device)
        of = self.of.sql(window)
        what = (
            f"quantile_cont({of}, {number(self.quantile)})"
            if self.statistic == "quantile"
            else f"{_SQL[self.statistic]}({of})"
        )
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"{steps} SELECT {what} AS observed FROM steps s{where}"  # noqa: S608 - names of the catalogue, numbers


def mean_of(metric: str, where: Condition | None = None, *, rows: Rows = "window") -> Reading:
    """The mean of a metric, where something holds."""
    return Reading(of=Metric(metric), where=where, rows=rows)


def quantile_of(metric: str, quantile: float, *, rows: Rows = "window", where: Condition | None = None) -> Reading:
    """A quantile of a metric, linear between readings."""
    return Reading(of=Metric(metric), statistic="quantile", quantile=quantile, rows=rows, where=where)


def steps_of(
    window: ResourceWindow, end: datetime, metrics: list[str], *, begin: int, stop: int, device: str = ""
) -> str:
    """`WITH steps AS (...)`: the means of rows [begin, stop) of the grid, numbered from `begin`.

    The grid keeps single precision; so does the statement, or a reading at a limit could fall on its other side.
    """
    start = end - timedelta(seconds=(window.rows - begin) * window.step_s)
    until = end - timedelta(seconds=(window.rows - stop) * window.step_s)
    means = ", ".join(f"avg({name})::FLOAT::DOUBLE AS {name}" for name in metrics)
    return (
        f"WITH steps AS (SELECT (epoch_ms(ts) - epoch_ms(TIMESTAMPTZ '{rfc3339(start)}')) // "  # noqa: S608 - catalogue, quoted ids
        f"{round(1000 * window.step_s)} AS step, {means} FROM samples "
        f"WHERE resource_id = {quoted(window.resource.resource_id)} AND device = {quoted(device)} "
        f"AND ts >= TIMESTAMPTZ '{rfc3339(start)}' AND ts < TIMESTAMPTZ '{rfc3339(until)}' GROUP BY step)"
    )


def quoted(text: str) -> str:
    """A string literal; what a terminal would act on is spelt out, so that the statement can be printed and pasted.

    >>> quoted("gpu-1"), quoted("o'hara"), quoted("a" + chr(10) + "b")
    ("'gpu-1'", "'o''hara'", "'a' || chr(10) || 'b'")
    """
    parts: list[str] = []
    plain = ""
    for one in text:
        if one.isprintable():
            plain += "''" if one == "'" else one
            continue
        if plain:
            parts.append(f"'{plain}'")
        parts.append(f"chr({ord(one)})")
        plain = ""
    if plain or not parts:
        parts.append(f"'{plain}'")
    return parts[0] if len(parts) == 1 and parts[0].startswith("'") else " || ".join(parts)


def _bounds(window: ResourceWindow, rows: Rows) -> tuple[int, int]:
    whole, first = window.rows, window.rows - window.window_rows
    match rows:
        case "window":
            return first, whole
        case "past":
            return 0, first
        case "whole":
            return 0, whole
        case last:
            return whole - last, whole


def _slice(window: ResourceWindow, rows: Rows) -> slice:
    return slice(*_bounds(window, rows))
