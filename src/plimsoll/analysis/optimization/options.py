"""Which parts of the document are asked for, and which advice is left out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.advice.track_record import ENOUGH_KNOWN
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.bottlenecks.rule_files import built_in
from plimsoll.fleet.load_lines import LoadLine

MUTED, DOUBTED = 0.2, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentOptions:
    """Which parts of the document are asked for, and which advice is left out of it.

    `feedback` is what people answered to advice, by its id; advice of `muted_ids` is left out.
    `track_records` is (estimates that came true, estimates that could be judged) by adviser: one whose estimates seldom
    come true is muted. `rules`: the rules to run, with this project's limits; `lines`: its load lines.
    """

    bottlenecks: bool = True
    recommendations: bool = True
    feedback: Mapping[str, str] = field(default_factory=dict[str, str])
    muted_ids: frozenset[str] = frozenset()
    track_records: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    rules: Mapping[str, AnyRule] = field(default_factory=built_in)
    lines: Mapping[str, LoadLine] = field(default_factory=dict[str, LoadLine])

    def leaves_out(self, advice: Advice) -> bool:
        """Dismissed or snoozed by a person, or muted: of five estimates or more under a fifth came true."""
        kept, known = self.track_records.get(advice.adviser, (0, 0))
        return advice.id in self.muted_ids or (known >= ENOUGH_KNOWN and kept < MUTED * known)
