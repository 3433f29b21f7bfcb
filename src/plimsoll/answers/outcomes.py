"""Open promises of advice against the lake: has something changed, and did it bring what was told?"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from plimsoll.analysis.optimization.outcomes import LEAST_AFTER_S, LOADS, MEASURES, Outcome, realised, step_at
from plimsoll.analysis.robust import Floats
from plimsoll.answers.grids import fleet_grid
from plimsoll.answers.sources import Sources
from plimsoll.clock import floor
from plimsoll.documents import Evidence
from plimsoll.errors import shown
from plimsoll.ledger.outcomes import Settled, Told
from plimsoll.optimization_document import OptimizationDocument

STEP_S: Final = 300.0
BEFORE: Final = timedelta(days=2)
LONGEST: Final = timedelta(days=30)
_MOST_PEERS: Final = 20


def told(document: OptimizationDocument, evidence: Sequence[Evidence], made: datetime) -> list[Told]:
    """What the advice of a document promises, as far as it can be measured afterwards."""
    by_subject = {one.subject: one for one in evidence}
    found: list[Told] = []
    for resource in document.resources:
        for one in resource.recommendations or ():
            proof = by_subject.get(one.id)
            adviser = proof.rule.removeprefix("advisers.") if proof else ""
            estimate = proof.detail.get("estimate") if proof else None
            if proof is None or estimate is None or adviser not in MEASURES:
                continue
            found.append(
                Told(
                    id=one.id,
                    resource=resource.resource_id,
                    adviser=adviser,
                    made=made,
                    held_s=proof.samples * STEP_S,
                    low=float(estimate["low"]),
                    high=float(estimate["high"]),
                    title=one.title,
                )
            )
    return found


def settle(sources: Sources, promises: Sequence[Told]) -> list[Settled]:
    """What can be said now of the promises; the others stay open, for thirty days without a change."""
    touched = {one.resource for one in promises}
    found: list[Settled] = []
    for one in promises:
        end = floor(sources.as_of, STEP_S)
        if end - one.made < timedelta(seconds=LEAST_AFTER_S):
            continue
        rows = _rows(sources, one, touched, one.made - BEFORE, end)
        if rows is None:
            continue
        outcome = _outcome(sources, one, *rows, start=one.made - BEFORE)
        if outcome is not None:
            found.append(outcome)
    return found


def _rows(
    sources: Sources, one: Told, touched: set[str], start: datetime, end: datetime
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
    whole = fleet_grid(sources.snapshot, [one.resource, *equals], start=start, end=end, step_s=STEP_S)
    series: dict[tuple[str, str], Floats] = {}
    for n, name in enumerate(whole.series):
        if not name.device:
            series[name.resource_id, name.metric] = whole.doubles(slice(n, n + 1))[0]
    metric = MEASURES[one.adviser].metric
    if (one.resource, metric) not in series:
        return None
    load = next((series[one.resource, name] for name in LOADS if (one.resource, name) in series), None)
    peers = [series[peer, metric] for peer in equals if (peer, metric) in series]
    return series[one.resource, metric], peers, load


def _outcome(
    sources: Sources, one: Told, row: Floats, peers: list[Floats], load: Floats | None, *, start: datetime
) -> Settled | None:
    accepted = _accepted(sources, one)
    made = round((one.made - start).total_seconds() / STEP_S)
    if accepted is not None and accepted >= one.made:
        changed: int | None = round((accepted - start).total_seconds() / STEP_S)
    else:
        changed = step_at(row, peers, made)
    if changed is None:
        if sources.as_of - one.made < LONGEST:
            return None
        outcome, changed = Outcome(state="cannot tell", why="nothing changed in thirty days"), len(row)
    elif (len(row) - changed) * STEP_S < LEAST_AFTER_S:
        return None
    else:
        held = slice(max(0, changed - round(one.held_s / STEP_S)), changed)
        outcome = realised(
            row, peers, load, held=held, changed=changed, step_s=STEP_S, measure=MEASURES[one.adviser],
            promised=(one.low, one.high),
        )  # fmt: skip
    return Settled(
        id=one.id,
        adviser=one.adviser,
        title=one.title,
        promised_low=one.low,
        promised_high=one.high,
        changed=start + timedelta(seconds=changed * STEP_S),
        noted=sources.as_of,
        state=outcome.state,
        value=_plain(outcome.value),
        low=_plain(outcome.low),
        high=_plain(outcome.high),
        peers=outcome.peers,
        why=outcome.why,
    )


def _accepted(sources: Sources, one: Told) -> datetime | None:
    said = sources.verdicts.at(sources.as_of) if sources.verdicts else {}
    verdict = said.get(one.id)
    return verdict.noted if verdict is not None and verdict.said == "accepted" else None


def _plain(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 2)


def in_words(one: Settled) -> str:
    """What was promised, and what came of it."""
    promised = f"promised {one.promised_low:.0f} to {one.promised_high:.0f} %"
    if one.value is None or one.low is None or one.high is None:
        return f"{shown(one.title)}: {promised}; {one.state}: {one.why}"
    against = f"against {one.peers} equals" if one.peers else "without equals"
    realised_ = f"realised {one.value:.0f} % ({one.low:.0f} to {one.high:.0f}, {against})"
    return f"{shown(one.title)}: {promised}, {realised_}: {one.state}"
