"""Open promises of advice against the lake: has something changed, and did it bring what was promised?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from plimsoll.analysis.advice.catalogue import advisers
from plimsoll.analysis.advice.model import MetricOutcome, OutcomeMeasure, SizeOutcome
from plimsoll.analysis.advice.outcomes import LEAST_AFTER_S, LOADS, Outcome, realized, step_at
from plimsoll.analysis.advice.size_outcomes import realized_size, shrunk_at
from plimsoll.analysis.robust import Floats
from plimsoll.clock import floor
from plimsoll.documents import Evidence, detailed
from plimsoll.documents.evidence import AdviceDetail
from plimsoll.documents.optimization import OptimizationDocument
from plimsoll.errors import shown
from plimsoll.ledger.outcomes import AdvicePromise, Settled
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import KnownMetrics, fleet_grid, known_metrics
from plimsoll.tables import RESOURCES

STEP_S: Final = 300.0
BEFORE: Final = timedelta(days=2)
LONGEST: Final = timedelta(days=30)
USE: Final = "gpu_utilization_pct"
_MOST_PEERS: Final = 20


def promises_of(document: OptimizationDocument, evidence: Sequence[Evidence], made: datetime) -> list[AdvicePromise]:
    """What the advice of a document promises, as far as it can be measured afterwards."""
    by_subject = {one.subject: (one, detail) for one, detail in detailed(evidence, AdviceDetail)}
    found: list[AdvicePromise] = []
    for resource in document.resources:
        for one in resource.recommendations or ():
            if one.id not in by_subject:
                continue
            proof, detail = by_subject[one.id]
            estimate, measure = detail.estimate, measure_of(detail.adviser)
            if estimate is None or measure is None:
                continue
            whole = (
                isinstance(measure, SizeOutcome) and measure.whole
            )  # what it gives in hours of the past is all of it from now on
            found.append(
                AdvicePromise(
                    id=one.id,
                    resource=resource.resource_id,
                    adviser=detail.adviser,
                    made=made,
                    cause_s=proof.samples * STEP_S,
                    low=100.0 if whole else estimate.low,
                    high=100.0 if whole else estimate.high,
                    title=one.title,
                )
            )
    return found


def measure_of(adviser: str) -> OutcomeMeasure | None:
    """How what came of its advice is measured; None where it cannot be, or where there is no such adviser any more."""
    known = advisers().get(adviser)
    return None if known is None else known.outcome


def settle(sources: QueryContext, promises: Sequence[AdvicePromise]) -> list[Settled]:
    """What can be said now of the promises; the others stay open, for thirty days without a change."""
    touched = {one.resource for one in promises}
    end = floor(sources.as_of, STEP_S)
    earliest = min((one.made for one in promises), default=end) - BEFORE
    known = known_metrics(sources.snapshot, earliest, end) if promises else {}
    found: list[Settled] = []
    for one in promises:
        if end - one.made < timedelta(seconds=LEAST_AFTER_S):
            continue
        start, measure = one.made - BEFORE, measure_of(one.adviser)
        if measure is None:
            continue  # its adviser is not there any more
        rows = _rows(sources, one, touched, known, start, end)
        if isinstance(measure, SizeOutcome):
            units = units_by_step(sources, one.resource, start, end)
            outcome = _of_size(sources, one, rows, units, start=start, daily=measure.daily)
        elif rows is not None:
            outcome = _outcome(sources, one, *rows, start=start, measure=measure)
        else:
            continue
        if outcome is not None:
            found.append(outcome)
    return found


def _rows(
    sources: QueryContext, one: AdvicePromise, touched: set[str], known: KnownMetrics, start: datetime, end: datetime
) -> tuple[Floats, list[Floats], Floats | None] | None:
    """(the resource's metric, that of its equals, its load)."""
    resources = {r.resource_id: r for r in sources.resources()}
    if one.resource not in resources:
        return None
    kind, group = resources[one.resource].type, resources[one.resource].labels.get("group")
    equals = [
        r.resource_id
        for r in resources.values()
        if r.type == kind and r.resource_id not in touched and r.labels.get("group") == group
    ][:_MOST_PEERS]
    whole = fleet_grid(sources.snapshot, [one.resource, *equals], start=start, end=end, step_s=STEP_S, known=known)
    series: dict[tuple[str, str], Floats] = {}
    for n, name in enumerate(whole.series):
        if not name.device:
            series[name.resource_id, name.metric] = whole.doubles(slice(n, n + 1))[0]
    measure = measure_of(one.adviser)
    metric = measure.metric if isinstance(measure, MetricOutcome) else USE
    if (one.resource, metric) not in series:
        return None
    load = next((series[one.resource, name] for name in LOADS if (one.resource, name) in series), None)
    peers = [series[peer, metric] for peer in equals if (peer, metric) in series]
    return series[one.resource, metric], peers, load


def _outcome(
    sources: QueryContext,
    one: AdvicePromise,
    row: Floats,
    peers: list[Floats],
    load: Floats | None,
    *,
    start: datetime,
    measure: MetricOutcome,
) -> Settled | None:
    accepted = _accepted(sources, one)
    made = round((one.made - start).total_seconds() / STEP_S)
    if accepted is not None and accepted >= one.made:
        changed: int | None = round((accepted - start).total_seconds() / STEP_S)
    else:
        changed = step_at(row, peers, made)
    if changed is None:
        return _never_followed(sources, one)
    if (len(row) - changed) * STEP_S < LEAST_AFTER_S:
        return None
    cause_rows = slice(max(0, changed - round(one.cause_s / STEP_S)), changed)
    outcome = realized(
        row, peers, load, cause_rows=cause_rows, changed=changed, step_s=STEP_S, measure=measure,
        promised=(one.low, one.high),
    )  # fmt: skip
    return _settled(sources, one, outcome, start + timedelta(seconds=changed * STEP_S))


def _of_size(
    sources: QueryContext,
    one: AdvicePromise,
    rows: tuple[Floats, list[Floats], Floats | None] | None,
    units: Floats,
    *,
    start: datetime,
    daily: bool,
) -> Settled | None:
    """What came of advice on size: the step is in the inventory, or in the replicas that are read."""
    changed = shrunk_at(units, round((one.made - start).total_seconds() / STEP_S), STEP_S)
    if changed is None:
        return _never_followed(sources, one)
    if (len(units) - changed) * STEP_S < (86_400 if daily else LEAST_AFTER_S):
        return None
    busy, peers, _ = rows if rows is not None else (None, [], None)
    outcome = realized_size(
        units, busy, peers, changed=changed, step_s=STEP_S, promised=(one.low, one.high), daily=daily
    )
    return _settled(sources, one, outcome, start + timedelta(seconds=changed * STEP_S))


def units_by_step(sources: QueryContext, resource_id: str, start: datetime, end: datetime) -> Floats:
    """How many replicas, GPUs or else machines are paid for in each step; 0 once no reading is expected any more."""
    rows = round((end - start).total_seconds() / STEP_S)
    units = np.full(rows, np.nan)
    facts = sources.snapshot.scan(RESOURCES, end=sources.as_of + timedelta(milliseconds=1)).collect()
    known = [row for row in facts.sort("ts", "source").iter_rows(named=True) if row["resource_id"] == resource_id]
    of = next((name for name in ("replicas_count", "gpu_count") if any(row[name] is not None for row in known)), None)
    count = 1.0
    for row in known:
        count = row[of] if of is not None and row[of] is not None else count
        first = max(0, round((row["ts"] - start).total_seconds() / STEP_S))
        units[first:] = 0.0 if row["interval_s"] is None else count
    if of == "replicas_count":
        asked = known_metrics(sources.snapshot, start, end, (of,))
        whole = fleet_grid(sources.snapshot, [resource_id], start=start, end=end, step_s=STEP_S, known=asked)
        for n, name in enumerate(whole.series):
            if (name.metric, name.device) == (of, ""):
                read: Floats = whole.doubles(slice(n, n + 1))[0]
                units = np.where(np.isnan(read), units, read)
    return units


def _never_followed(sources: QueryContext, one: AdvicePromise) -> Settled | None:
    if sources.as_of - one.made < LONGEST:
        return None
    outcome = Outcome(state="cannot tell", why="nothing changed in thirty days")
    return _settled(sources, one, outcome, floor(sources.as_of, STEP_S))


def _settled(sources: QueryContext, one: AdvicePromise, outcome: Outcome, changed: datetime) -> Settled:
    return Settled(
        id=one.id,
        adviser=one.adviser,
        title=one.title,
        promised_low=one.low,
        promised_high=one.high,
        changed=changed,
        noted=sources.as_of,
        state=outcome.state,
        value=_plain(outcome.value),
        low=_plain(outcome.low),
        high=_plain(outcome.high),
        peers=outcome.peers,
        why=outcome.why,
    )


def _accepted(sources: QueryContext, one: AdvicePromise) -> datetime | None:
    said = sources.verdicts.at(sources.as_of) if sources.verdicts else {}
    verdict = said.get(one.id)
    return verdict.noted if verdict is not None and verdict.said == "accepted" else None


def _plain(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 2)


def describe_outcome(one: Settled) -> str:
    """What was promised, and what came of it."""
    promised = f"promised {_range(one.promised_low, one.promised_high)} %"
    if one.value is None or one.low is None or one.high is None:
        return f"{shown(one.title)}: {promised}; {one.state}: {one.why}"
    against = f"against {one.peers} equals" if one.peers else "without equals"
    span = f"{_range(one.low, one.high)}, " if one.high > one.low else ""
    why = f": {one.why}" if one.why else ""
    return f"{shown(one.title)}: {promised}, realized {one.value:.0f} % ({span}{against}): {one.state}{why}"


def _range(low: float, high: float) -> str:
    return f"{low:.0f}" if round(low) == round(high) else f"{low:.0f} to {high:.0f}"
