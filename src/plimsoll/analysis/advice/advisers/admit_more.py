"""Let a server work on more requests at once."""

import math

from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.advice.preconditions import Preconditions
from plimsoll.analysis.bottlenecks.expressions.measures import quantile_of
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck

HALF_AS_MUCH_AGAIN = 1.5


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    running = quantile_of("running_count", 0.95)
    known = len(running.known(window)) > 0 and running.value(window) > 0
    more = math.ceil(HALF_AS_MUCH_AGAIN * running.value(window)) if known else 0
    return Advice(
        priority="high",
        title=f"Let {window.resource.name} work on more requests at once",
        description=f"{bottleneck.description}. "
        "Raise the number of requests that it takes on, until the GPUs are 80 % busy or the cache 90 % full. "
        f"If nothing is done: {bottleneck.impact}.",
        changes={
            "vllm": f"--max-num-seqs {more}",
            "triton": f"dynamic_batching {{ max_queue_delay_microseconds: 1000 }} max_batch_size: {more}",
        }
        if more
        else {},
        inputs={"requests under way, 95th percentile": running} if known else {},
    )


ADVISER = Adviser(
    name="admit_more",
    answers=frozenset({"batching_ineffective"}),
    advise=advise,
    wants=Preconditions(acts_on=frozenset({"deployment", "node"})),
)
