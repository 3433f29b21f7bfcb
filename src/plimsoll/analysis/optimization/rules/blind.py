"""A resource of which too little is heard to judge it."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.heard import Heard

ENOUGH = 0.8
LONGEST_H = 1.0


def find(case: Case) -> Found | None:
    """Fewer than four in five of the readings that were due, or an hour and more without any."""
    if case.coverage is None:
        return None
    silent = case.longest_silence_h()
    if case.coverage >= ENOUGH and silent < LONGEST_H:
        return None
    seen = Heard()
    arrived = seen.value(case)
    return Found(
        rule=RULE.name,
        component="coverage",
        description=f"{arrived:.0f} % of the readings that were due arrived; nothing was read for {silent:.1f} h",
        impact="nothing can be said of that time",
        weight=97 - arrived / 5 if case.coverage < ENOUGH else 70 + min(silent, 8.0),
        metric="up_pct",
        observed=arrived,
        threshold=100 * ENOUGH,
        share=1 - case.coverage,
        samples=0,
        seen=seen,
    )


RULE = Rule("blind", "coverage", (), find)
