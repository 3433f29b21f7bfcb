"""How much was read of a resource, of what was due: the one number that is not a reading but counts them."""

from dataclasses import dataclass
from datetime import datetime

from plimsoll.analysis.bottlenecks.expressions.measures import steps_of
from plimsoll.analysis.bottlenecks.expressions.terms import number
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow


@dataclass(frozen=True, slots=True)
class Coverage:
    """Steps of the window with any reading, in percent of those in which one was due by the table `resources`."""

    def value(self, window: ResourceWindow) -> float:
        """The coverage in percent."""
        return float("nan") if window.coverage is None else 100 * window.coverage

    def sql(self, window: ResourceWindow, end: datetime) -> str:
        """Counts steps of `samples`; how many were due stands in it as a number."""
        metrics = sorted(window.readings)
        steps = steps_of(window, end, metrics or ["up_pct"], begin=window.rows - window.window_rows, stop=window.rows)
        known = f"coalesce({', '.join(metrics or ['up_pct'])})"
        due = number(window.steps_due if window.steps_due is not None else float(window.window_rows))
        return f"{steps} SELECT least(100, 100 * count({known}) / {due}) AS observed FROM steps"  # noqa: S608 - nothing but names of the catalogue
