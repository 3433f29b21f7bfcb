"""A language model server that reads long prompts and finds none of them in its cache."""

from plimsoll.analysis.optimization.case import Case, share
from plimsoll.analysis.optimization.contract import Found, Rule
from plimsoll.analysis.optimization.held import at_least, at_most
from plimsoll.analysis.optimization.reading import mean_of

HIT_PCT, PROMPT_TOKENS_PER_S, LEAST_HOURS = 1.0, 1000.0, 4.0


def find(case: Case) -> Found | None:
    """Hardly a hit for hours, under a load at which hits would be worth something."""
    hits, tokens = case.window("prefix_cache_hit_pct"), case.window("prompt_tokens_per_s")
    if hits is None or tokens is None:
        return None
    held = at_most("prefix_cache_hit_pct", HIT_PCT) & at_least("prompt_tokens_per_s", PROMPT_TOKENS_PER_S)
    mask = held.window(case)
    if case.hours(mask) < LEAST_HOURS:
        return None
    seen = mean_of("prefix_cache_hit_pct", held)
    return Found(
        rule=RULE.name,
        component="prefix cache",
        description=f"{seen.value(case):.1f} % of {float(tokens[mask].mean()):,.0f} prompt tokens a "
        f"second were found in the cache for {case.hours(mask):.1f} h",
        impact="what prompts have in common is computed for each of them",
        weight=16 + 10 * share(mask, hits),
        metric="prefix_cache_hit_pct",
        observed=seen.value(case),
        threshold=HIT_PCT,
        share=share(mask, hits),
        samples=int(mask.sum()),
        seen=seen,
    )


RULE = Rule("prefix_cache_unused", "prefix cache", ("prefix_cache_hit_pct", "prompt_tokens_per_s"), find)
