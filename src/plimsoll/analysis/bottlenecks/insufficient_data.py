"""Why no advice is given, or a rule says nothing: too little is known, or readings contradict; and till when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from plimsoll.analysis.bottlenecks.expressions.measures import Reading
from plimsoll.analysis.bottlenecks.expressions.terms import Metric
from plimsoll.analysis.bottlenecks.resource_window import FEWEST, ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule, Bottleneck
from plimsoll.clock import rfc3339
from plimsoll.documents.evidence import AbstentionDetail

ENOUGH_COVERAGE: Final = 0.8
_DAYS_FROM_H: Final = 48.0
_AT_WORK: Final = {
    "gpu_sm_active_pct": 20.0,
    "gpu_dram_active_pct": 20.0,
    "generation_tokens_per_s": 1.0,
    "training_samples_per_s": 1.0,
}


@dataclass(frozen=True, slots=True)
class InsufficientData:
    """Of `subject` (`advice`, or a rule) nothing is said, because of `reason`.

    `in_s` seconds after the end there will be enough if everything arrives from now on. None: no time will mend it.
    """

    subject: str
    reason: str
    in_s: float | None

    def as_evidence(self, end: datetime) -> AbstentionDetail:
        """As the evidence says it."""
        at = None if self.in_s is None else end + timedelta(seconds=self.in_s)
        return AbstentionDetail(
            subject=self.subject, reason=self.reason, available_at=None if at is None else rfc3339(at)
        )


def low_coverage(window: ResourceWindow) -> InsufficientData | None:
    """Fewer than four fifths of the readings of the window arrived."""
    if window.coverage is None or window.coverage >= ENOUGH_COVERAGE:
        return None
    arrived, needed = 100 * window.coverage, 100 * ENOUGH_COVERAGE
    reason = f"only {arrived:.0f} % of the readings arrived; advice needs {needed:.0f} %"
    return InsufficientData("advice", reason, _until_covered(window))


def _until_covered(window: ResourceWindow) -> float:
    """Until enough of the steps without a reading have left the window at its beginning; at most a whole window."""
    missing = window.missing()
    left = np.cumsum(missing[::-1])[::-1]  # those that are still in the window when it begins at this row
    enough = np.flatnonzero(left <= (1 - ENOUGH_COVERAGE) * window.window_rows)
    return float((enough[0] if len(enough) else window.window_rows) * window.step_s)


def too_few(window: ResourceWindow, rule: AnyRule, missing: Sequence[str]) -> InsufficientData | None:
    """What the rule lacks is collected, and has been for a step or two: that is not a metric that could be unlocked."""
    begun = {metric: count for metric in missing if 0 < (count := window.steps_read(metric)) < FEWEST}
    if not begun or (rule.needs_all and len(begun) < len(missing)):
        return None
    metric, count = min(begun.items(), key=lambda item: item[1])
    reason = f"{count} of {FEWEST} steps of {window.step_s / 60:g} min of {metric} are read"
    return InsufficientData(rule.name, reason, (FEWEST - count) * window.step_s)


def short_history(window: ResourceWindow, rule: AnyRule) -> InsufficientData | None:
    """What it reads is read, but for fewer hours than its limits ask for: that it finds nothing proves nothing."""
    needed, span = rule.history(rule.limits).hours, _span(window, rule.history(rule.limits).span)
    rows = [window.whole(metric) for metric in rule.reads if window.row(metric) is not None]
    rows += [row for (_, metric), row in window.devices.items() if metric in rule.reads]
    known = [window.hours(~np.isnan(row[span])) for row in rows if row is not None]
    if not known or max(known) >= needed:
        return None
    most = len(range(*span.indices(window.rows))) / window.rows_per_hour
    metric = next(metric for metric in rule.reads if _is_read(window, metric))
    if needed > most:
        return InsufficientData(rule.name, f"{needed:g} h of {metric} are needed; it looks at {most:g} h", None)
    parts = (
        f"{max(known) / 24:.1f} of {needed / 24:.1f} days"
        if needed >= _DAYS_FROM_H
        else f"{max(known):.1f} of {needed:g} h"
    )
    reason = f"{parts} of {metric} are read"
    return InsufficientData(rule.name, reason, 3600 * (needed - max(known)))


def _span(window: ResourceWindow, span: str | float) -> slice:
    """The rows of the grid in which readings count."""
    if isinstance(span, float | int):
        return slice(-min(window.rows, round(span * window.rows_per_hour)), None)
    first = window.rows - window.window_rows
    return {"window": slice(first, None), "past": slice(0, first)}.get(span, slice(0, None))


def _is_read(window: ResourceWindow, metric: str) -> bool:
    return window.row(metric) is not None or any(of == metric for _, of in window.devices)


def contradictory_readings(window: ResourceWindow, found: Bottleneck) -> InsufficientData | None:
    """Idle GPUs in the very hours in which work of theirs is measured: slices, a driver that sees nothing."""
    if found.rule != "gpu_idle":
        return None
    for metric, limit in _AT_WORK.items():
        median = Reading(of=Metric(metric), statistic="median", rows=min(found.samples, window.rows)).value(window)
        if median >= limit:
            reason = (
                f"{found.metric} is {found.observed:.0f} and {metric} {median:.0f} at the same time; one of the two is "
                "not what it seems"
            )
            return InsufficientData(f"advice on {found.rule}", reason, None)
    return None
