"""Less power where memory is what work waits for: a lower clock costs little there."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found
from plimsoll.analysis.optimization.reading import mean_of

LESS = 0.8


def advise(case: Case, found: Found) -> Advice | None:
    """Only where the limit is read; what it saves and costs has to be tried, so nothing is promised."""
    limit = mean_of("gpu_power_limit_w")
    if not len(limit.known(case)):
        return None
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Try a lower power limit on {case.resource.name}",
        description=f"{found.description}. Work that waits for memory loses little with a lower clock: try four fifths "
        "of the limit, compare the time of a step, keep it if that stays. "
        f"If nothing is done: {found.impact}, and power is drawn for a clock that does not help.",
        changes={"shell": f"nvidia-smi --power-limit={LESS * limit.value(case):.0f}"},
        inputs={"power limit": limit},
    )


ADVISER = Adviser("cap_power", frozenset({"gpu_memory_bandwidth"}), advise)
