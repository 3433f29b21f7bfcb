"""Why each bottleneck and each recommendation stands: numbers, the SQL that gives them again, replay, price."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta

from plimsoll.analysis.optimization.case import Case
from plimsoll.analysis.optimization.contract import Advice, Found
from plimsoll.analysis.optimization.portfolio import joint_saving, savable
from plimsoll.analysis.optimization.reading import Seen
from plimsoll.analysis.optimization.sweep import Sweep
from plimsoll.analysis.optimization.unlock import of_fleet, unlocked
from plimsoll.analysis.optimization.use import swept as use
from plimsoll.analysis.optimization.wanted import Wanted
from plimsoll.clock import instant, rfc3339
from plimsoll.documents import Evidence, TimeRange


def bottleneck_id(resource_id: str, rule: str) -> str:
    """Stable: the same cause on the same resource has the same one."""
    identity = f"{resource_id}\0{rule}".encode()
    return f"bottleneck-{hashlib.sha256(identity).hexdigest()[:12]}"


def joint(advice: Sequence[Advice], cases: Mapping[str, Case], span: TimeRange) -> Evidence:
    """What all advice is worth together."""
    currency = next((case.prices.currency for case in cases.values()), "USD")
    return Evidence(
        subject="optimization.portfolio",
        rule="compatible advice only, at most what is paid",
        window=span,
        observed=joint_saving(advice, savable(cases.values())),
        threshold=None,
        unit=f"{currency} a month",
        samples=len(advice),
        detail={"advice": len(advice), "withPrice": sum(one.saving_per_month is not None for one in advice)},
    )


def unlocking(swept: Sequence[tuple[Case, Sweep]], span: TimeRange) -> Evidence:
    """Which readings would let rules speak that cannot, the most valuable first."""
    metrics = of_fleet(swept)
    return Evidence(
        subject="optimization.unlock",
        rule="metrics that nobody reads, by what depends on them",
        window=span,
        observed=float(len(metrics)),
        threshold=None,
        unit="metrics",
        samples=len(swept),
        detail={"metrics": [one.told() for one in metrics]},
    )


def of_bottleneck(case: Case, top: Found, below: Sequence[Found], span: TimeRange) -> Evidence:
    """Why a bottleneck stands, with the symptoms folded under it."""
    resource_id, end = case.resource.resource_id, instant(span.end)
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
            "sql": top.seen.sql(case, end),
            "alsoSeen": {one.rule: {"unit": one.metric, **_input(case, one.seen, end)} for one in below},
        },
    )


def of_advice(case: Case, one: Advice, cause: Found, span: TimeRange, wanted: Wanted) -> Evidence:
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
        detail={
            "resource": case.resource.resource_id,
            "because": bottleneck_id(case.resource.resource_id, one.rule),
            "estimate": _plain(asdict(one.estimate)) if one.estimate else None,
            "savingPerMonth": None if one.saving_per_month is None else float(one.saving_per_month),
            "risk": one.risk,
            "price": _price(case),
            "replay": _replay(one, end),
            "change": dict(one.changes),
            "sql": cause.seen.sql(case, end),
            "inputs": {name: _input(case, seen, end) for name, seen in one.inputs.items()},
            "said": wanted.said.get(one.id),
            "promisesKept": list(wanted.hits.get(one.adviser, ())) or None,
            "leftOut": wanted.leaves_out(one),
        },
    )


def of_sweep(case: Case, result: Sweep, span: TimeRange) -> Evidence:
    """What every rule said of a resource, and which could say nothing."""
    end, found = instant(span.end), [one for top, below in result.bottlenecks for one in (top, *below)]
    return Evidence(
        subject=f"sweep.{case.resource.resource_id}",
        rule="every rule",
        window=span,
        observed=float(len(result.bottlenecks)),
        threshold=None,
        unit="bottlenecks",
        samples=case.window_rows,
        detail={
            "use": use(case, frozenset(one.rule for one in found), frozenset(result.exonerated)),
            "exonerated": list(result.exonerated),
            "wouldUnlock": unlocked(case, result),
            "abstained": result.abstained,
            "abstentions": [one.told(end) for one in result.abstentions],
            "coverage": None if case.coverage is None else round(case.coverage, 4),
        },
    )


def _replay(advice: Advice, end: datetime) -> dict[str, object] | None:
    """What history says of a change of size, with the instant of the worst moment."""
    replay = advice.replay
    if replay is None:
        return None
    return {
        "days": round(replay.days, 2),
        "share": replay.share,
        "breaches": replay.breaches,
        "longestH": round(replay.longest_h, 2),
        "worstPct": round(replay.worst_pct, 1),
        "worstAt": rfc3339(end - timedelta(seconds=replay.worst_back_s)),
    }


def _price(case: Case) -> dict[str, object] | None:
    """What its amounts were made with."""
    price = case.price
    if price is None:
        return None
    return {
        "perHour": price.per_h,
        "currency": price.currency,
        "source": price.source,
        "asOf": _day(price.as_of),
        "staleDays": price.stale_days,
        "committedShare": price.share or None,
        "committedUntil": _day(price.until),
        "commitmentDiscount": price.discount or None,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _input(case: Case, seen: Seen, end: datetime) -> dict[str, object]:
    """A reading that went into an estimate, and how to get it again."""
    return {"value": seen.value(case), "sql": seen.sql(case, end)}


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """NumPy's floats as Python's: an encoder knows only those."""
    return {name: float(value) if isinstance(value, float) else value for name, value in values.items()}
