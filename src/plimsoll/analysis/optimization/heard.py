"""How much was heard of a resource, of what was due: the one number that is not a reading but counts them."""

from dataclasses import dataclass
from datetime import datetime

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.reading import steps_of
from plimsoll.analysis.optimization.terms import number


@dataclass(frozen=True, slots=True)
class Heard:
    """Steps of the window with any reading, in percent of those in which one was due by the table `resources`."""

    def value(self, case: Case) -> float:
        """The coverage in percent."""
        return float("nan") if case.coverage is None else 100 * case.coverage

    def sql(self, case: Case, end: datetime) -> str:
        """Counts steps of `samples`; how many were due stands in it as a number."""
        metrics = sorted(case.readings)
        steps = steps_of(case, end, metrics or ["up_pct"], begin=case.rows - case.window_rows, stop=case.rows)
        known = f"coalesce({', '.join(metrics or ['up_pct'])})"
        due = number(case.steps_due if case.steps_due is not None else float(case.window_rows))
        return f"{steps} SELECT least(100, 100 * count({known}) / {due}) AS observed FROM steps"  # noqa: S608 - nothing but names of the catalogue
