"""Compute what prompts have in common once."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Adviser, Found


def advise(case: Case, found: Found) -> Advice | None:
    """What it brings is not promised: it depends on the work."""
    return Advice(
        adviser=ADVISER.name,
        rule=found.rule,
        resource_id=case.resource.resource_id,
        priority="low",
        title=f"Turn prefix caching of {case.resource.name} on",
        description=f"{found.description}. "
        "Where prompts begin alike (instructions, documents, earlier turns), put what is the same first. "
        f"If nothing is done: {found.impact}.",
        changes={"vllm": "--enable-prefix-caching"},
    )


ADVISER = Adviser("share_prefixes", frozenset({"prefix_cache_unused"}), advise)
