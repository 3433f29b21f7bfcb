"""Copy less between host and device."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="medium",
        title=f"Copy less to the GPUs of {case.resource.name}",
        description=f"{found.description}. "
        "Use pinned memory, copy beside computing, keep on the device what is used again. "
        f"If nothing is done: {found.impact}.",
        changes={"pytorch": "DataLoader(pin_memory=True); batch.to(device, non_blocking=True)"},
    )


ADVISER = Adviser("fewer_copies", frozenset({"host_device_transfer"}), advise)
