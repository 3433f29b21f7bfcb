"""Let a server work on more requests at once."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="high",
        title=f"Let {case.resource.name} work on more requests at once",
        description=f"{found.description}. "
        "Raise the number of requests that it takes on, until the GPUs are 80 % busy or the cache 90 % full. "
        f"If nothing is done: {found.impact}.",
        change="--max-num-seqs N --max-num-batched-tokens M   # vLLM: both half as large again as now",
    )


ADVISER = Adviser("admit_more", frozenset({"batching_ineffective"}), advise)
