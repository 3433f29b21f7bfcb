"""Cases -> the optimization document and the evidence behind it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from msgspec import UNSET

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Found
from plimsoll.analysis.optimization.portfolio import joint_saving, platform
from plimsoll.analysis.optimization.record import ENOUGH_KNOWN, by_record
from plimsoll.analysis.optimization.sweep import Sweep, sweep
from plimsoll.documents import Evidence, TimeRange
from plimsoll.optimization_document import (
    Bottleneck,
    OptimizationDocument,
    PlatformRecommendation,
    Recommendation,
    ResourceOptimization,
    Span,
)

_MUTED, _DOUBTED = 0.2, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which parts of the document are asked for; what people said of advice by id, and which of it is left out.

    `hits` is (promises kept, promises that could be judged) of each adviser: one that seldom keeps its word is muted.
    """

    bottlenecks: bool = True
    recommendations: bool = True
    said: Mapping[str, str] = field(default_factory=dict[str, str])
    silent: frozenset[str] = frozenset()
    hits: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])


def optimization(
    cases: Sequence[Case], *, span: TimeRange, wanted: Wanted
) -> tuple[OptimizationDocument, list[Evidence]]:
    """The document of the cases, the most constrained resource first; resources with nothing to say come last."""
    swept = sorted(((case, by_record(sweep(case), wanted.hits)) for case in cases), key=_order)
    resources = {case.resource.resource_id: case.resource for case, _ in swept}
    advice = [one for _, result in swept for one in result.advice if not _left_out(one, wanted)]
    document = OptimizationDocument(
        time_range=Span(start=span.start, end=span.end),
        resources=[_resource(case, result, wanted) for case, result in swept],
        platform_recommendations=[
            PlatformRecommendation(title=one.title, description=one.description, cost_impact=one.cost or UNSET)
            for one in platform(advice, resources)
        ]
        if wanted.recommendations
        else UNSET,
    )
    evidence = [one for case, result in swept for one in _evidence(case, result, span, wanted)]
    return document, [*evidence, _joint(joint_saving(advice, resources), advice, span)]


def _order(swept: tuple[Case, Sweep]) -> tuple[float, str]:
    case, result = swept
    heaviest = result.bottlenecks[0][0].weight if result.bottlenecks else 0.0
    return (-heaviest, case.resource.resource_id)


def bottleneck_id(resource_id: str, rule: str) -> str:
    """Stable: the same cause on the same resource has the same one."""
    identity = f"{resource_id}\0{rule}".encode()
    return f"bottleneck-{hashlib.sha256(identity).hexdigest()[:12]}"


def _resource(case: Case, result: Sweep, wanted: Wanted) -> ResourceOptimization:
    told = [_recommendation(one, wanted) for one in result.advice if not _left_out(one, wanted)]
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


def _left_out(advice: Advice, wanted: Wanted) -> bool:
    """Dismissed or snoozed by a person, or muted: of five promises or more under a fifth were kept."""
    kept, known = wanted.hits.get(advice.adviser, (0, 0))
    return advice.id in wanted.silent or (known >= ENOUGH_KNOWN and kept < _MUTED * known)


def _recommendation(advice: Advice, wanted: Wanted) -> Recommendation:
    """One whose adviser kept under half of its promises is of low priority, and says so."""
    kept, known = wanted.hits.get(advice.adviser, (0, 0))
    doubted = known >= ENOUGH_KNOWN and kept < _DOUBTED * known
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


def _evidence(case: Case, result: Sweep, span: TimeRange, wanted: Wanted) -> list[Evidence]:
    resource_id = case.resource.resource_id
    found = [_found(resource_id, top, below, span) for top, below in result.bottlenecks]
    advice = [
        Evidence(
            subject=one.id,
            rule=f"advisers.{one.adviser}",
            window=span,
            observed=float(one.estimate.middle) if one.estimate else None,
            threshold=None,
            unit=one.estimate.unit if one.estimate else "",
            samples=next((top.samples for top, _ in result.bottlenecks if top.rule == one.rule), 0),
            detail={
                "resource": resource_id,
                "because": bottleneck_id(resource_id, one.rule),
                "estimate": _plain(asdict(one.estimate)) if one.estimate else None,
                **_plain({"savingUsdPerMonth": one.saving_usd_per_month, "risk": one.risk}),
                "change": one.change,
                "said": wanted.said.get(one.id),
                "promisesKept": list(wanted.hits.get(one.adviser, ())) or None,
                "leftOut": _left_out(one, wanted),
            },
        )
        for one in result.advice
    ]
    looked: dict[str, object] = {
        "exonerated": list(result.exonerated),
        "wouldUnlock": _unlock(result.unknown),
        "abstained": result.abstained,
        "coverage": None if case.coverage is None else round(case.coverage, 4),
    }
    sweep_ = Evidence(
        subject=f"sweep.{resource_id}",
        rule="every rule",
        window=span,
        observed=float(len(result.bottlenecks)),
        threshold=None,
        unit="bottlenecks",
        samples=case.window_rows,
        detail=looked,
    )
    return [*found, *advice, sweep_]


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """NumPy's floats as Python's: an encoder knows only those."""
    return {name: float(value) if isinstance(value, float) else value for name, value in values.items()}


def _unlock(unknown: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Metrics that nobody reads -> the rules that they would unlock, the most useful first."""
    unlocked: dict[str, list[str]] = {}
    for rule, metrics in unknown.items():
        for metric in metrics:
            unlocked.setdefault(metric, []).append(rule)
    return dict(sorted(unlocked.items(), key=lambda item: (-len(item[1]), item[0])))


def _found(resource_id: str, top: Found, below: Sequence[Found], span: TimeRange) -> Evidence:
    return Evidence(
        subject=bottleneck_id(resource_id, top.rule),
        rule=f"rules.{top.rule}",
        window=span,
        observed=float(top.observed),
        threshold=float(top.threshold),
        unit=top.metric,
        samples=top.samples,
        detail={
            "resource": resource_id,
            "device": top.device or None,
            **_plain({"weight": round(top.weight, 2), "share": round(top.share, 4)}),
            "symptoms": [one.rule for one in below],
        },
    )


def _joint(saving: float | None, advice: Sequence[Advice], span: TimeRange) -> Evidence:
    return Evidence(
        subject="optimization.portfolio",
        rule="compatible advice only, at most what is paid",
        window=span,
        observed=saving,
        threshold=None,
        unit="USD a month",
        samples=len(advice),
        detail={"advice": len(advice), "withPrice": sum(one.saving_usd_per_month is not None for one in advice)},
    )
