"""Work that does not use the GPU it has: larger batches, fused kernels, fewer bytes."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """No gain is promised: it depends on the code."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Let {case.resource.name} do more in each step",
        description=f"{found.description}. Raise the batch until memory is 85 % used, fuse kernels, "
        "use narrower number formats. "
        f"If nothing is done: {found.impact}.",
    )


ADVISER = Adviser("use_the_gpu", frozenset({"batch_too_small", "gpu_ineffective", "gpu_memory_bandwidth"}), advise)
