"""Per-resource results, kept after its readings have been freed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.assessment import Assessment
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.advice.rebalance import remembered
from plimsoll.analysis.advice.track_record import widen_by_track_record
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.optimization.evidence import of_advice, of_bottleneck, of_sweep
from plimsoll.analysis.optimization.options import DocumentOptions
from plimsoll.documents import Evidence, TimeRange


@dataclass(frozen=True, slots=True)
class ResourceResult:
    """`window` keeps only the metric that rebalancing needs; `proofs` is the evidence of the advice, by its id."""

    window: ResourceWindow
    result: Assessment
    found: Sequence[Evidence]
    proofs: Mapping[str, Evidence]
    swept: Evidence

    @classmethod
    def of(cls, window: ResourceWindow, span: TimeRange, options: DocumentOptions) -> "ResourceResult":
        """The result of one resource by itself, with its evidence."""
        looked = assess(window, options.rules)
        result = replace(looked, advice=[widen_by_track_record(one, options.track_records) for one in looked.advice])
        return cls(
            remembered(window, result),
            result,
            [of_bottleneck(window, top, below, span) for top, below in result.bottlenecks],
            {one.id: of_advice(window, one, result.top(one.rule), span, options) for one in result.advice},
            of_sweep(window, result, span, options),
        )

    def with_advice(self, given: Advice, span: TimeRange, options: DocumentOptions) -> "ResourceResult":
        """The same with advice that only the whole fleet gives."""
        more = widen_by_track_record(given, options.track_records)
        proof = of_advice(self.window, more, self.result.top(more.rule), span, options)
        return replace(self, result=self.result.with_advice([more]), proofs={**self.proofs, more.id: proof})

    @property
    def evidence(self) -> list[Evidence]:
        """Its bottlenecks, its advice, and what every rule found."""
        return [*self.found, *(self.proofs[one.id] for one in self.result.advice), self.swept]

    @property
    def order(self) -> tuple[float, str]:
        """The most constrained resource first; resources with nothing to say last."""
        heaviest = self.result.bottlenecks[0][0].weight if self.result.bottlenecks else 0.0
        return (-heaviest, self.window.resource.resource_id)
