"""Let a server work on more requests at once."""

import math

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found
from plimsoll.analysis.optimization.reading import quantile_of

HALF_AS_MUCH_AGAIN = 1.5


def advise(case: Case, found: Found) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    running = quantile_of("running_count", 0.95)
    known = len(running.known(case)) > 0 and running.value(case) > 0
    more = math.ceil(HALF_AS_MUCH_AGAIN * running.value(case)) if known else "N"
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"Let {case.resource.name} work on more requests at once",
        description=f"{found.description}. "
        "Raise the number of requests that it takes on, until the GPUs are 80 % busy or the cache 90 % full. "
        f"If nothing is done: {found.impact}.",
        changes={
            "vllm": f"--max-num-seqs {more}",
            "triton": f"dynamic_batching {{ max_queue_delay_microseconds: 1000 }} max_batch_size: {more}",
        },
        inputs={"requests under way, 95th percentile": running} if known else {},
    )


ADVISER = Adviser("admit_more", frozenset({"batching_ineffective"}), advise)
