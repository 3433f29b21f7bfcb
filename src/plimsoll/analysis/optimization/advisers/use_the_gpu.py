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
        description=f"{found.description}. Fuse kernels, "
        "use narrower number formats. "
        f"If nothing is done: {found.impact}.",
        changes={"pytorch": "torch.compile(model, mode='reduce-overhead')"}
        if found.rule == "gpu_ineffective"
        else {"vllm": "--quantization fp8 --kv-cache-dtype fp8", "pytorch": "torch.autocast('cuda', torch.bfloat16)"},
    )


ADVISER = Adviser("use_the_gpu", frozenset({"gpu_ineffective", "gpu_memory_bandwidth"}), advise)
