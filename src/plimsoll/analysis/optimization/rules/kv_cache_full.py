"""A language model server whose attention cache is full."""

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.sustained import Sustained, sustained

LIMIT = Sustained(
    metric="kv_cache_utilization_pct",
    above=95.0,
    least_hours=0.25,
    weight=84.0,
    component="kv cache",
    description="the attention cache was over {limit:.3g} % full for {hours:.1f} h",
    impact="new requests wait until others have ended",
)


def find(case: Case) -> Found | None:
    """Readings beyond the limit for long enough."""
    return sustained(case, RULE.name, LIMIT)


RULE = Rule(
    "kv_cache_full",
    "kv cache",
    ("kv_cache_utilization_pct",),
    find,
    explains=frozenset({"queueing", "slow_answers", "errors"}),
)
