"""Jobs that ask for much more time than they run: the scheduler plans with what never comes."""

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_most
from plimsoll.analysis.optimization.reading import mean_of

USED_PCT, LEAST_STEPS = 60.0, 10.0


def find(case: Case) -> Found | None:
    """The mean use of the limit over the window, with ten steps or more in which a job ended (Jobstats: under 60 %)."""
    used = case.window("job_limit_used_pct")
    seen = mean_of("job_limit_used_pct")
    if used is None or len(seen.known(case)) < LEAST_STEPS or seen.value(case) >= USED_PCT:
        return None
    mean = seen.value(case)
    return Found(
        rule=RULE.name,
        component="scheduler",
        description=f"jobs ran for {mean:.0f} % of the time that they had asked for",
        impact="the scheduler keeps room free that is never used, and small gaps stay empty",
        weight=8 + 10 * (1 - mean / USED_PCT),
        metric="job_limit_used_pct",
        observed=mean,
        threshold=USED_PCT,
        share=share(at_most("job_limit_used_pct", USED_PCT).window(case), used),
        samples=len(seen.known(case)),
        seen=seen,
    )


RULE = Rule("padded_limit", "scheduler", ("job_limit_used_pct",), find)
