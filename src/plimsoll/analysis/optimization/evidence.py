"""Why each bottleneck and each recommendation stands: numbers, the SQL that gives them again, replay, price."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from plimsoll.analysis.advice.assessment import Assessment
from plimsoll.analysis.advice.model import Advice, Estimate
from plimsoll.analysis.advice.portfolio import joint_saving, savable
from plimsoll.analysis.bottlenecks.missing_metrics import missing_in_fleet, missing_metrics
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.analysis.bottlenecks.use_method import use_sweep
from plimsoll.analysis.optimization.options import DocumentOptions
from plimsoll.clock import instant, rfc3339
from plimsoll.documents import Evidence, TimeRange
from plimsoll.documents.evidence import (
    AdviceDetail,
    BottleneckDetail,
    EstimateDetail,
    MeasuredInput,
    MissingMetricsDetail,
    PortfolioDetail,
    PriceDetail,
    ReplayDetail,
    RulesJudgedDetail,
    SweepDetail,
    Symptom,
)


def bottleneck_id(resource_id: str, rule: str) -> str:
    """Stable: the same cause on the same resource has the same one."""
    identity = f"{resource_id}\0{rule}".encode()
    return f"bottleneck-{hashlib.sha256(identity).hexdigest()[:12]}"


def joint(advice: Sequence[Advice], windows: Mapping[str, ResourceWindow], span: TimeRange) -> Evidence:
    """What all advice is worth together."""
    currency = next((window.prices.currency for window in windows.values()), "USD")
    return Evidence(
        subject="optimization.portfolio",
        rule="compatible advice only, at most what is paid",
        window=span,
        observed=joint_saving(advice, savable(windows.values())),
        threshold=None,
        unit=f"{currency} a month",
        samples=len(advice),
        detail=PortfolioDetail(advice=len(advice), with_price=sum(one.saving_per_month is not None for one in advice)),
    )


def unlocking(
    results: Sequence[tuple[ResourceWindow, Assessment]], span: TimeRange, options: DocumentOptions
) -> Evidence:
    """Which readings would let rules speak that cannot, the most valuable first."""
    metrics = missing_in_fleet(results, options.rules)
    return Evidence(
        subject="optimization.unlock",
        rule="metrics that are not collected, by what depends on them",
        window=span,
        observed=float(len(metrics)),
        threshold=None,
        unit="metrics",
        samples=len(results),
        detail=MissingMetricsDetail(metrics=[one.as_evidence() for one in metrics]),
    )


def judged(results: Sequence[tuple[ResourceWindow, Assessment]], span: TimeRange, options: DocumentOptions) -> Evidence:
    """How many rules had enough readings of at least one resource to judge it, and which of the others wait for more.

    Rules that read no metric always can, and are not counted.
    """
    known = {name for name, rule in options.rules.items() if rule.reads}
    able: set[str] = set()
    waiting: set[str] = set()
    for _, result in results:
        able.update(result.exonerated, (one.rule for top, below in result.bottlenecks for one in (top, *below)))
        waiting.update(one.subject for one in result.waiting)
    return Evidence(
        subject="optimization.judged",
        rule="enough readings of what a rule reads, for as long as its limits ask",
        window=span,
        observed=float(len(able & known)),
        threshold=None,
        unit="rules",
        samples=len(known),
        detail=RulesJudgedDetail(judged=sorted(able & known), waiting=sorted((waiting - able) & known)),
    )


def of_bottleneck(window: ResourceWindow, top: Bottleneck, below: Sequence[Bottleneck], span: TimeRange) -> Evidence:
    """Why a bottleneck stands, with the symptoms folded under it."""
    resource_id, end = window.resource.resource_id, instant(span.end)
    return Evidence(
        subject=bottleneck_id(resource_id, top.rule),
        rule=f"rules.{top.rule}",
        window=span,
        observed=float(top.observed),
        threshold=float(top.threshold),
        unit=top.metric,
        samples=top.samples,
        detail=BottleneckDetail(
            resource=resource_id,
            device=top.device or None,
            weight=float(round(top.weight, 2)),
            share=float(round(top.share, 4)),
            sql=top.measure.sql(window, end),
            symptoms={
                one.rule: Symptom(unit=one.metric, value=one.measure.value(window), sql=one.measure.sql(window, end))
                for one in below
            },
            time_left=top.time_left,
        ),
    )


def of_advice(
    window: ResourceWindow, one: Advice, cause: Bottleneck, span: TimeRange, options: DocumentOptions
) -> Evidence:
    """Why advice stands: its estimate, replay, price, and the readings it was made from."""
    end = instant(span.end)
    return Evidence(
        subject=one.id,
        rule=f"advisers.{one.adviser}",
        window=span,
        observed=float(one.estimate.middle) if one.estimate else None,
        threshold=None,
        unit=one.estimate.unit if one.estimate else "",
        samples=cause.samples,
        detail=AdviceDetail(
            resource=window.resource.resource_id,
            adviser=one.adviser,
            bottleneck_id=bottleneck_id(window.resource.resource_id, one.rule),
            estimate=_estimate(one.estimate) if one.estimate else None,
            saving_per_month=None if one.saving_per_month is None else float(one.saving_per_month),
            risk=one.risk,
            price=_price(window),
            replay=_replay(one, end),
            change=dict(one.changes),
            plan=None if one.plan is None else one.plan.as_evidence(),
            sql=cause.measure.sql(window, end),
            inputs={
                name: MeasuredInput(value=measure.value(window), sql=measure.sql(window, end))
                for name, measure in one.inputs.items()
            },
            feedback=options.feedback.get(one.id),
            promises_kept=list(options.track_records.get(one.adviser, ())) or None,
            suppressed=options.leaves_out(one),
        ),
    )


def of_sweep(window: ResourceWindow, result: Assessment, span: TimeRange, options: DocumentOptions) -> Evidence:
    """What every rule said of a resource, and which could say nothing."""
    end, found = instant(span.end), [one for top, below in result.bottlenecks for one in (top, *below)]
    return Evidence(
        subject=f"sweep.{window.resource.resource_id}",
        rule="every rule",
        window=span,
        observed=float(len(result.bottlenecks)),
        threshold=None,
        unit="bottlenecks",
        samples=window.window_rows,
        detail=SweepDetail(
            use=use_sweep(
                window,
                options.rules,
                frozenset(one.rule for one in found),
                frozenset(result.exonerated),
                options.lines,
            ),
            exonerated=list(result.exonerated),
            missing_metrics=missing_metrics(window, result, options.rules),
            abstained=result.abstained,
            abstentions=[one.as_evidence(end) for one in result.abstentions],
            coverage=None if window.coverage is None else round(window.coverage, 4),
        ),
    )


def _replay(advice: Advice, end: datetime) -> ReplayDetail | None:
    """What history says of a change of size, with the instant of the worst moment."""
    replay = advice.replay
    if replay is None:
        return None
    return ReplayDetail(
        days=float(round(replay.days, 2)),
        share=float(replay.share),
        breaches=int(replay.breaches),
        longest_h=float(round(replay.longest_h, 2)),
        worst_pct=float(round(replay.worst_pct, 1)),
        worst_at=rfc3339(end - timedelta(seconds=replay.worst_back_s)),
    )


def _price(window: ResourceWindow) -> PriceDetail | None:
    """What its amounts were made with."""
    price = window.price
    if price is None:
        return None
    return PriceDetail(
        per_hour=price.per_h,
        currency=price.currency,
        source=price.source,
        as_of=_day(price.as_of),
        stale_days=price.stale_days,
        committed_share=price.share or None,
        committed_until=_day(price.until),
        commitment_discount=price.discount or None,
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _estimate(estimate: Estimate) -> EstimateDetail:
    """NumPy's floats as Python's: an encoder knows only those."""
    return EstimateDetail(
        low=float(estimate.low),
        middle=float(estimate.middle),
        high=float(estimate.high),
        unit=estimate.unit,
        formula=estimate.formula,
    )
