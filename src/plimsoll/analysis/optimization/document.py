"""Windows of resources -> the optimization document and the evidence behind it."""

from collections.abc import Iterable, Sequence

from msgspec import UNSET

from plimsoll.analysis.advice.assessment import Assessment
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.advice.portfolio import platform
from plimsoll.analysis.advice.rebalance import rebalance
from plimsoll.analysis.advice.track_record import ENOUGH_KNOWN
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck as FoundBottleneck
from plimsoll.analysis.optimization.evidence import bottleneck_id, joint, judged, unlocking
from plimsoll.analysis.optimization.options import DOUBTED, DocumentOptions
from plimsoll.analysis.optimization.resource_result import ResourceResult
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
    windows: Iterable[ResourceWindow], *, span: TimeRange, options: DocumentOptions
) -> tuple[OptimizationDocument, list[Evidence]]:
    """The document of the windows, the most constrained resource first; resources with nothing to say come last.

    Each window is looked at and let go, so that a fleet may be read a block at a time.
    """
    results = _balanced(
        sorted((ResourceResult.of(window, span, options) for window in windows), key=lambda one: one.order),
        span,
        options,
    )
    windows_and_results = [(one.window, one.result) for one in results]
    by_id = {window.resource.resource_id: window for window, _ in windows_and_results}
    advice = [one for _, result in windows_and_results for one in result.advice if not options.leaves_out(one)]
    document = OptimizationDocument(
        time_range=Span(start=span.start, end=span.end),
        resources=[_resource(window, result, options) for window, result in windows_and_results],
        platform_recommendations=[
            PlatformRecommendation(title=one.title, description=one.description, cost_impact=one.cost or UNSET)
            for one in platform(advice, by_id)
        ]
        if options.recommendations
        else UNSET,
    )
    proofs = [proof for one in results for proof in one.evidence]
    of_rules = [one(windows_and_results, span, options) for one in (judged, unlocking)]
    return document, [*proofs, *of_rules, joint(advice, by_id, span)]


def _balanced(results: Sequence[ResourceResult], span: TimeRange, options: DocumentOptions) -> list[ResourceResult]:
    """With the advice that only the whole fleet gives."""
    found = rebalance([(one.window, one.result) for one in results])
    return [
        one.with_advice(found[name], span, options) if (name := one.window.resource.resource_id) in found else one
        for one in results
    ]


def _resource(window: ResourceWindow, result: Assessment, options: DocumentOptions) -> ResourceOptimization:
    results = [_recommendation(one, options) for one in result.advice if not options.leaves_out(one)]
    return ResourceOptimization(
        resource_id=window.resource.resource_id,
        resource_name=window.resource.name,
        resource_type=window.resource.type,
        region=window.resource.region,
        recommendations=results if options.recommendations else UNSET,
        bottlenecks=[_bottleneck(window, top, below) for top, below in result.bottlenecks]
        if options.bottlenecks
        else UNSET,
    )


def _recommendation(advice: Advice, options: DocumentOptions) -> Recommendation:
    """One whose adviser kept under half of its promises is of low priority, and says so."""
    kept, known = options.track_records.get(advice.adviser, (0, 0))
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


def _bottleneck(window: ResourceWindow, top: FoundBottleneck, below: Sequence[FoundBottleneck]) -> Bottleneck:
    also = f"; with it: {'; '.join(one.description for one in below)}" if below else ""
    return Bottleneck(
        id=bottleneck_id(window.resource.resource_id, top.rule),
        component=top.component,
        description=f"{top.description}{also}",
        impact=top.impact,
    )
