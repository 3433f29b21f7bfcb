"""Which parts of the document are asked for, and which advice is left out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plimsoll.analysis.optimization.contract import Advice, Rule
from plimsoll.analysis.optimization.record import ENOUGH_KNOWN
from plimsoll.analysis.optimization.sweep import rules

MUTED, DOUBTED = 0.2, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which parts of the document are asked for; what people said of advice by id, and which of it is left out.

    `hits` is (promises kept, promises that could be judged) of each adviser: one that seldom keeps its word is muted.
    `rules` are those that look, by name, with the limits of whoever asks.
    """

    bottlenecks: bool = True
    recommendations: bool = True
    said: Mapping[str, str] = field(default_factory=dict[str, str])
    silent: frozenset[str] = frozenset()
    hits: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    rules: Mapping[str, Rule] = field(default_factory=rules)

    def leaves_out(self, advice: Advice) -> bool:
        """Dismissed or snoozed by a person, or muted: of five promises or more under a fifth were kept."""
        kept, known = self.hits.get(advice.adviser, (0, 0))
        return advice.id in self.silent or (known >= ENOUGH_KNOWN and kept < MUTED * known)
