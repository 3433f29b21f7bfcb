"""Why no advice is given, or a rule says nothing: too little is known, or readings contradict; and till when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.reading import Reading
from plimsoll.analysis.optimization.terms import Metric
from plimsoll.clock import rfc3339

ENOUGH_COVERAGE: Final = 0.8
_AT_WORK: Final = {
    "gpu_sm_active_pct": 20.0,
    "gpu_dram_active_pct": 20.0,
    "generation_tokens_per_s": 1.0,
    "training_samples_per_s": 1.0,
}


@dataclass(frozen=True, slots=True)
class Abstention:
    """Of `subject` (`advice`, or a rule) nothing is said, because of `reason`.

    `in_s` seconds after the end there will be enough if everything arrives from now on. None: no time will mend it.
    """

    subject: str
    reason: str
    in_s: float | None

    def told(self, end: datetime) -> dict[str, object]:
        """As the evidence says it."""
        at = None if self.in_s is None else end + timedelta(seconds=self.in_s)
        return {"of": self.subject, "reason": self.reason, "enoughAt": None if at is None else rfc3339(at)}


def thin(case: Case) -> Abstention | None:
    """Fewer than four fifths of the readings of the window arrived."""
    if case.coverage is None or case.coverage >= ENOUGH_COVERAGE:
        return None
    arrived, needed = 100 * case.coverage, 100 * ENOUGH_COVERAGE
    reason = f"only {arrived:.0f} % of the readings arrived; advice needs {needed:.0f} %"
    return Abstention("advice", reason, _until_covered(case))


def _until_covered(case: Case) -> float:
    """Until enough of the steps without a reading have left the window at its beginning; at most a whole window."""
    missing = case.missing()
    left = np.cumsum(missing[::-1])[::-1]  # those that are still in the window when it begins at this row
    enough = np.flatnonzero(left <= (1 - ENOUGH_COVERAGE) * case.window_rows)
    return float((enough[0] if len(enough) else case.window_rows) * case.step_s)


def young(case: Case, rule: Rule) -> Abstention | None:
    """The rule wants more hours of readings than there are, though its first metric is read."""
    row = case.whole(rule.reads[0]) if rule.reads and rule.history_h else None
    if row is None or case.window(rule.reads[0]) is None:
        return None
    known_h = case.hours(~np.isnan(row))
    needed_h = rule.history_h + (case.window_rows / case.rows_per_hour if rule.before_window else 0.0)
    if known_h >= needed_h or needed_h > case.rows / case.rows_per_hour:
        return None
    reason = f"{known_h / 24:.1f} of {needed_h / 24:.1f} days of {rule.reads[0]} are read"
    return Abstention(rule.name, reason, 3600 * (needed_h - known_h))


def contradicted(case: Case, found: Found) -> Abstention | None:
    """Idle GPUs in the very hours in which work of theirs is measured: slices, a blind driver."""
    if found.rule != "gpu_idle":
        return None
    for metric, limit in _AT_WORK.items():
        median = Reading(of=Metric(metric), statistic="median", rows=min(found.samples, case.rows)).value(case)
        if median >= limit:
            reason = (
                f"{found.metric} is {found.observed:.0f} and {metric} {median:.0f} at the same time; one of the two is "
                "not what it seems"
            )
            return Abstention(f"advice on {found.rule}", reason, None)
    return None
