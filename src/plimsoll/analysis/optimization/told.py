"""What is kept of a resource once its readings are let go: a fleet's memory is what is said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice
from plimsoll.analysis.optimization.evidence import of_advice, of_bottleneck, of_sweep
from plimsoll.analysis.optimization.rebalance import remembered
from plimsoll.analysis.optimization.record import by_record
from plimsoll.analysis.optimization.sweep import Sweep, sweep
from plimsoll.analysis.optimization.wanted import Wanted
from plimsoll.documents import Evidence, TimeRange


@dataclass(frozen=True, slots=True)
class Told:
    """`case` holds no more than its equals may ask of it; `proofs` are those of the advice, by its id."""

    case: Case
    result: Sweep
    found: Sequence[Evidence]
    proofs: Mapping[str, Evidence]
    swept: Evidence

    @classmethod
    def of(cls, case: Case, span: TimeRange, wanted: Wanted) -> "Told":
        """What is said of a resource by itself, and why."""
        looked = sweep(case, wanted.rules)
        result = replace(looked, advice=[by_record(one, wanted.hits) for one in looked.advice])
        return cls(
            remembered(case, result),
            result,
            [of_bottleneck(case, top, below, span) for top, below in result.bottlenecks],
            {one.id: of_advice(case, one, result.top(one.rule), span, wanted) for one in result.advice},
            of_sweep(case, result, span),
        )

    def with_advice(self, given: Advice, span: TimeRange, wanted: Wanted) -> "Told":
        """The same with advice that only the whole fleet gives."""
        more = by_record(given, wanted.hits)
        proof = of_advice(self.case, more, self.result.top(more.rule), span, wanted)
        return replace(self, result=self.result.with_advice([more]), proofs={**self.proofs, more.id: proof})

    @property
    def evidence(self) -> list[Evidence]:
        """Its bottlenecks, its advice, and what every rule said of it."""
        return [*self.found, *(self.proofs[one.id] for one in self.result.advice), self.swept]

    @property
    def order(self) -> tuple[float, str]:
        """The most constrained resource first; resources with nothing to say last."""
        heaviest = self.result.bottlenecks[0][0].weight if self.result.bottlenecks else 0.0
        return (-heaviest, self.case.resource.resource_id)
