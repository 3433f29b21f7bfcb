"""How a resource stands to its load line over a window: what the fleet strip, the lists and the verdict are made of."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """One resource against the line that it came closest to.

    `margin` is how far over the line the worst 2 % of its readings were: in points or (not `in_points`) in percent of
    the line; negative is below; None without readings. `is_over` says that its last reading is over the line. `cells`
    is the margin for each cell of the strip (its worst 5 %). `spark` is the metric's mean for each quarter of a cell;
    None is a gap, never a value.
    """

    resource_id: str
    metric: str | None = None
    line: float | None = None
    in_points: bool = True
    margin: float | None = None
    now: float | None = None
    average: float | None = None
    peak: float | None = None
    last: datetime | None = None
    is_over: bool = False
    cells: tuple[float | None, ...] = ()
    spark: tuple[float | None, ...] = ()
