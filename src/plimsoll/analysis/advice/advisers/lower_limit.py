"""Ask for the time that jobs need: a limit near the run time lets the scheduler fit more in."""

import math

from plimsoll.analysis.advice.model import Advice, Adviser, Estimate, PlatformText
from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

ROOM = 1.2


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """What the longest of them used, and a fifth more; by how much others wait less is not promised."""
    most, usual, least = (quantile_of("job_limit_used_pct", q) for q in (0.95, 0.5, 0.05))
    asked = min(100, math.ceil(ROOM * most.value(window)))
    if asked >= 100:
        return None
    low, middle, high = (max(0.0, asked - one.value(window)) for one in (most, usual, least))
    return Advice(
        priority="low",
        title=f"Ask for {asked} % of the time that jobs on {window.resource.name} ask for now",
        description=f"{bottleneck.description}; 95 % of them would have ended within {asked} % of their limit "
        f"with a fifth "
        f"to spare. If nothing is done: {bottleneck.impact}.",
        improvement=f"{100 - asked} % less time reserved, {low:.0f} to {high:.0f} % of today's limit still spare",
        estimate=Estimate(
            low=low,
            middle=middle,
            high=high,
            unit="% of today's limit to spare",
            formula="1.2 x 95th percentile of run time / limit, less the 95th, 50th and 5th percentile",
        ),
        cost="costs nothing",
        changes={
            "slurm": f"sbatch --time=$((MINUTES * {asked} / 100)) job.sh   # who: sacct --state=COMPLETED "
            "--format=JobID,User,Elapsed,Timelimit"
        },
        inputs={"95th percentile": most, "median": usual, "5th percentile": least},
    )


ADVISER = Adviser(
    name="lower_limit",
    answers=frozenset({"padded_limit"}),
    advise=advise,
    platform=PlatformText("Ask for the time that jobs need", "ask for much more time than they use"),
)
