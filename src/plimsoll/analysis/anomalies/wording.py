"""A finding in words: what was read, what was expected, how rare it is, what else moved."""

from typing import Final

from plimsoll.analysis.anomalies.contract import Finding, Moved
from plimsoll.clock import rfc3339
from plimsoll.metrics import CATALOGUE

RESIDUALS: Final = {
    "level": "its level",
    "step": "a jump from one reading to the next",
    "hour": "the mean of an hour",
    "noise": "how much it moves within an hour",
    "swell": "how much it moves within four hours",
    "season": "its level for the hour of the day",
    "value": "a value not seen before",
}


def explain(finding: Finding) -> str:
    """One sentence with the numbers that it rests on."""
    if finding.detector == "flat_line" and finding.moved:
        return _flat(finding, finding.moved[0])
    if not finding.moved:
        return f"No reading since {rfc3339(finding.start)}, after a day with {finding.samples} steps heard."
    lead = finding.moved[0]
    low, high = lead.band
    label = CATALOGUE[lead.metric].label if lead.metric in CATALOGUE else lead.metric
    unit = lead.metric.rpartition("_")[2]
    where = f" of {lead.device}" if lead.device else ""
    text = f"{label}{where} was {lead.value:.4g} {unit}, expected {low:.4g} to {high:.4g} (z {lead.z:.1f})"
    if finding.once_in_h is not None:
        text += f"; seen at most once in {finding.once_in_h:,.0f} h: {RESIDUALS[finding.residual]}"
    if finding.forest is not None:
        text += f"; isolation forest {finding.forest:.2f}"
    others = [moved.metric for moved in finding.moved[1:]]
    return f"{text}; moved with it: {', '.join(others)}." if others else f"{text}."


def _flat(finding: Finding, lead: Moved) -> str:
    """How long a metric has not moved, and how much it moved before."""
    label = CATALOGUE[lead.metric].label if lead.metric in CATALOGUE else lead.metric
    unit = lead.metric.rpartition("_")[2]
    where = f" of {lead.device}" if lead.device else ""
    hours = ((finding.end or finding.peak) - finding.start).total_seconds() / 3600
    still = "has not moved" if finding.end is None else "did not move"
    text = f"{label}{where} {still} from {lead.value:.4g} {unit} for {hours:.1f} h"
    return f"{text}; before, its standard deviation was {lead.scale:.2g} {unit}."


def z_score(moved: Moved) -> float:
    """The size of the robust z-score, as the documents print it."""
    return round(min(abs(moved.z), 1e6), 2)
