"""Cases -> the optimization document and the evidence behind it."""

from collections.abc import Iterable, Sequence

from msgspec import UNSET

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Found
from plimsoll.analysis.optimization.evidence import bottleneck_id, joint, unlocking
from plimsoll.analysis.optimization.portfolio import platform
from plimsoll.analysis.optimization.rebalance import rebalance
from plimsoll.analysis.optimization.record import ENOUGH_KNOWN
from plimsoll.analysis.optimization.sweep import Sweep
from plimsoll.analysis.optimization.told import Told
from plimsoll.analysis.optimization.wanted import DOUBTED, Wanted
from plimsoll.documents import Evidence, TimeRange
from plimsoll.documents.optimization import (
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
    """The document of the cases, the most constrained resource first; resources with nothing to say come last.

    Each case is looked at and let go, so that a fleet may be read a block at a time.
    """
    told = _balanced(sorted((Told.of(case, span, wanted) for case in cases), key=lambda one: one.order), span, wanted)
    swept = [(one.case, one.result) for one in told]
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
    proofs = [proof for one in told for proof in one.evidence]
    return document, [*proofs, unlocking(swept, span), joint(advice, by_id, span)]


def _balanced(told: Sequence[Told], span: TimeRange, wanted: Wanted) -> list[Told]:
    """With the advice that only the whole fleet gives."""
    found = rebalance([(one.case, one.result) for one in told])
    return [
        one.with_advice(found[name], span, wanted) if (name := one.case.resource.resource_id) in found else one
        for one in told
    ]


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
