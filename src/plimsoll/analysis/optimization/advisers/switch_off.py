"""Give a machine back on which nothing happens."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.commands import drain
from plimsoll.analysis.optimization.contract import Advice, Adviser, Estimate, Found
from plimsoll.analysis.optimization.cost import freeing


def advise(case: Case, found: Found) -> Advice | None:
    """The whole machine; how long it has been quiet is what is known, not how long it will be."""
    hours = case.window_rows * case.step_s / 3600
    cost = freeing(case, 1.0)
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Switch {case.resource.name} off, or give it work",
        description=f"{found.description}. Ask its owner first: a spare is idle on purpose. "
        f"If nothing is done: {found.impact}.",
        improvement=f"{hours * found.share:.0f} to {hours:.0f} machine-hours of the last {hours:.0f} h were not needed",
        estimate=Estimate(
            low=hours * found.share,
            middle=hours,
            high=hours,
            unit="machine-hours",
            formula="hours of the window x the share of them that was quiet; high: all of them",
        ),
        cost=cost.text,
        saving_per_month=cost.saving_per_month,
        frees=case.resource.gpu_count or 0.0,
        changes=drain(case.resource, "idle"),
    )


ADVISER = Adviser("switch_off", frozenset({"idle_host"}), advise)
