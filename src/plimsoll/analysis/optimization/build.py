"""Cases -> the optimization document and the evidence behind it."""

from collections.abc import Iterable, Sequence

from msgspec import UNSET

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Found
from plimsoll.analysis.optimization.evidence import bottleneck_id, evidence, joint, unlocking
from plimsoll.analysis.optimization.portfolio import platform
from plimsoll.analysis.optimization.rebalance import rebalance
from plimsoll.analysis.optimization.record import ENOUGH_KNOWN, by_record
from plimsoll.analysis.optimization.sweep import Sweep, sweep
from plimsoll.analysis.optimization.wanted import DOUBTED, Wanted
from plimsoll.documents import Evidence, TimeRange
from plimsoll.optimization_document import (
    Bottleneck,
    OptimizationDocument,
    PlatformRecommendation,
    Recommendation,
    ResourceOptimization,
    Span,
)


def optimization(
    cases: Iterable[Case], *, span: TimeRange, wanted: Wanted
) -> tuple[OptimizationDocument, list[Evidence]]:
    """The document of the cases, the most constrained resource first; resources with nothing to say come last."""
    found = _balanced(sorted(((case, sweep(case)) for case in cases), key=_order))
    swept = [(case, by_record(result, wanted.hits)) for case, result in found]
    by_id = {case.resource.resource_id: case for case, _ in swept}
    advice = [one for _, result in swept for one in result.advice if not wanted.leaves_out(one)]
    document = OptimizationDocument(
        time_range=Span(start=span.start, end=span.end),
        resources=[_resource(case, result, wanted) for case, result in swept],
        platform_recommendations=[
            PlatformRecommendation(title=one.title, description=one.description, cost_impact=one.cost or UNSET)
            for one in platform(advice, by_id)
        ]
        if wanted.recommendations
        else UNSET,
    )
    proofs = [one for case, result in swept for one in evidence(case, result, span, wanted)]
    return document, [*proofs, unlocking(swept, span), joint(advice, by_id, span)]


def _balanced(swept: Sequence[tuple[Case, Sweep]]) -> list[tuple[Case, Sweep]]:
    """With the advice that only the whole fleet gives."""
    found = rebalance(swept)
    more = {name: (found[name],) if name in found else () for name in (c.resource.resource_id for c, _ in swept)}
    return [(case, result.with_advice(more[case.resource.resource_id])) for case, result in swept]


def _order(swept: tuple[Case, Sweep]) -> tuple[float, str]:
    case, result = swept
    heaviest = result.bottlenecks[0][0].weight if result.bottlenecks else 0.0
    return (-heaviest, case.resource.resource_id)


def _resource(case: Case, result: Sweep, wanted: Wanted) -> ResourceOptimization:
    told = [_recommendation(one, wanted) for one in result.advice if not wanted.leaves_out(one)]
    return ResourceOptimization(
        resource_id=case.resource.resource_id,
        resource_name=case.resource.name,
        resource_type=case.resource.type,
        region=case.resource.region,
        recommendations=told if wanted.recommendations else UNSET,
        bottlenecks=[_bottleneck(case, top, below) for top, below in result.bottlenecks]
        if wanted.bottlenecks
        else UNSET,
    )


def _recommendation(advice: Advice, wanted: Wanted) -> Recommendation:
    """One whose adviser kept under half of its promises is of low priority, and says so."""
    kept, known = wanted.hits.get(advice.adviser, (0, 0))
    doubted = known >= ENOUGH_KNOWN and kept < DOUBTED * known
    record = f" Of {known} earlier promises of this kind {kept} were kept." if known >= ENOUGH_KNOWN else ""
    return Recommendation(
        id=advice.id,
        priority="low" if doubted else advice.priority,
        title=advice.title,
        description=f"{advice.description}{record}",
        estimated_improvement=advice.improvement or UNSET,
        cost_impact=advice.cost or UNSET,
    )


def _bottleneck(case: Case, top: Found, below: Sequence[Found]) -> Bottleneck:
    also = f"; with it: {'; '.join(one.description for one in below)}" if below else ""
    return Bottleneck(
        id=bottleneck_id(case.resource.resource_id, top.rule),
        component=top.component,
        description=f"{top.description}{also}",
        impact=top.impact,
    )
