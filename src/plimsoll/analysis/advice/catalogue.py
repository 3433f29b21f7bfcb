"""Every adviser: `advisers/`, `texts.toml`, the one that looks at the whole fleet, and those of installed packages."""

from collections.abc import Mapping
from functools import cache

from plimsoll.analysis.advice import advisers as folder
from plimsoll.analysis.advice.model import Adviser
from plimsoll.analysis.advice.rebalance import ADVISER as REBALANCE
from plimsoll.analysis.advice.texts import texts
from plimsoll.extensions import discover, installed


@cache
def advisers() -> Mapping[str, Adviser]:
    """Every adviser by name."""
    found = [
        *discover(folder, "ADVISER", Adviser).values(),
        *texts(),
        REBALANCE,
        *installed("advisers", Adviser).values(),
    ]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


@cache
def answering() -> Mapping[str, tuple[Adviser, ...]]:
    """The advisers of each rule, by the rule's name."""
    found: dict[str, list[Adviser]] = {}
    for one in advisers().values():
        for rule in sorted(one.answers):
            found.setdefault(rule, []).append(one)
    return {rule: tuple(several) for rule, several in found.items()}
