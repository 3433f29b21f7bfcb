"""A power limit that costs clock: raise it, or accept it."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.held import at_least
from plimsoll.analysis.optimization.reading import mean_of, quantile_of

A_TENTH_MORE = 1.1


def advise(case: Case, found: Found) -> Advice | None:
    """A person decides: heat and the power budget are not measured. What the clock lost is the most it can bring."""
    capped = at_least(found.metric, found.threshold)
    slow, free = mean_of("gpu_sm_clock_mhz", capped), quantile_of("gpu_sm_clock_mhz", 0.95, where=~capped)
    limit = mean_of("gpu_power_limit_w")
    watts = f"{A_TENTH_MORE * limit.value(case):.0f}" if len(limit.known(case)) else "W"
    known = len(slow.known(case)) > 0 and len(free.known(case)) > 0
    gain = max(0.0, 100 * (free.value(case) / slow.value(case) - 1)) if known else 0.0
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Decide about the power limit of {case.resource.name}",
        description=f"{found.description}. Raise the limit if cooling and supply allow it, else accept it. "
        f"If nothing is done: {found.impact}.",
        improvement=f"up to {gain:.0f} % more clock" if known else None,
        estimate=Estimate(
            low=0.0,
            middle=gain / 2,
            high=gain,
            unit="% more clock",
            formula="95th percentile of the clock while not capped / mean clock while capped - 1, as upper bound",
        )
        if known
        else None,
        changes={"shell": f"nvidia-smi --power-limit={watts}   # a tenth more than now, at most what the card allows"},
        inputs={"clock while capped": slow, "clock while free, 95th percentile": free} if known else {},
    )


ADVISER = Adviser("raise_power_limit", frozenset({"gpu_power_capped"}), advise)
