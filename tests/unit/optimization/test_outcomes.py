"""What came of advice: held against equals, told in the ledger, in the report, and in the advice that follows."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from plimsoll.analysis.advice.model import MetricOutcome
from plimsoll.analysis.advice.outcomes import Outcome, realized, step_at
from plimsoll.errors import BadParameter
from plimsoll.ledger.outcomes import Outcomes, Settled
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.outcomes import describe_outcome, promises_of, settle
from plimsoll.queries.rule_set import project_rules
from plimsoll.queries.rules import replay
from plimsoll.simulator import Fleet, Incident
from tests.fleets import UNTIL
from tests.reports import lake_of, sources_of

DAY = 288
MEASURE = MetricOutcome("training_samples_per_s")


def rows(factor: float, *, peers: int = 5, drift: float = 1.0, seed: int = 1) -> tuple[np.ndarray, list[np.ndarray]]:
    """Two days before and two after; the change multiplies by `factor`, everything else drifts alike."""
    chance = np.random.default_rng(seed)
    wave = 1 + 0.3 * np.sin(np.arange(4 * DAY) / DAY * 2 * np.pi)
    after = np.arange(4 * DAY) >= 2 * DAY
    every = [100 * wave * chance.normal(1, 0.02, 4 * DAY) * np.where(after, drift, 1.0) for _ in range(peers + 1)]
    return every[0] * np.where(after, factor, 1.0), every[1:]


def asked(
    row: np.ndarray, peers: list[np.ndarray], load: np.ndarray | None = None, *, promised: tuple[float, float]
) -> Outcome:
    """What was realized of a promise over half a day."""
    held = slice(2 * DAY - 144, 2 * DAY)
    return realized(row, peers, load, cause_rows=held, changed=2 * DAY, step_s=300, measure=MEASURE, promised=promised)


def test_the_change_is_measured_against_equals_that_drifted_alike() -> None:
    """Half as much again, while everybody got a third more work."""
    row, peers = rows(1.5, drift=1.33)
    outcome = asked(row, peers, promised=(40, 60))
    assert (outcome.state, outcome.peers) == ("kept", 5)
    assert outcome.value == pytest.approx(50, abs=3)
    assert asked(row, peers, promised=(70, 90)).state == "fell short"
    assert asked(row, peers, promised=(5, 20)).state == "exceeded"


def test_without_equals_a_load_that_moved_leaves_nothing_to_say() -> None:
    """More than a fifth; with a steady load the change is told all the same."""
    row, _ = rows(1.5)
    moved = np.where(np.arange(len(row)) >= 2 * DAY, 140.0, 100.0)
    outcome = asked(row, [], moved, promised=(40, 60))
    assert (outcome.state, outcome.value) == ("cannot tell", None)
    assert "the load moved by +40 % and there are no equals" in outcome.why
    assert asked(row, [], np.full(len(row), 100.0), promised=(40, 60)).state == "kept"


def test_too_soon_is_too_soon() -> None:
    """Six hours of readings after the change."""
    row, peers = rows(1.5)
    outcome = asked(row[: 2 * DAY + 30], [peer[: 2 * DAY + 30] for peer in peers], promised=(40, 60))
    assert "only 2 h have passed" in outcome.why


def test_a_step_is_found_where_it_is_and_noise_is_none() -> None:
    """Within an hour of it, with drift in common."""
    row, peers = rows(1.3, drift=1.2)
    found = step_at(row, peers, DAY)
    assert found is not None
    assert abs(found - 2 * DAY) <= 12
    calm, others = rows(1.0, drift=1.2, seed=2)
    assert step_at(calm, others, DAY) is None


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> tuple[QueryContext, Incident]:
    """A fleet whose one training job starved for half a day until two days ago."""
    end = UNTIL - timedelta(days=2)
    incident = Incident(
        kind="input_starvation", resource_id="train-pretrain-001", start=end - timedelta(hours=12), end=end
    )
    fleet = Fleet.build(resources=24, days=10, until=UNTIL, interval_s=300, devices=False, incidents=[incident])
    return sources_of(lake_of(fleet, tmp_path_factory.mktemp("mended") / "lake")), incident


def as_of(sources: QueryContext, at: datetime, ledger: Outcomes) -> QueryContext:
    """The same lake at another instant, with an outcome ledger."""
    return replace(sources, as_of=at, outcomes=ledger)


def test_a_promise_is_kept_settled_once_and_told(mended: tuple[QueryContext, Incident], tmp_path: Path) -> None:
    """Advice while it starves; two days later the ledger says what it brought; the step was found, nobody accepted."""
    sources, incident = mended
    ledger = Outcomes(tmp_path / "ledger.sqlite")
    then = as_of(sources, incident.end - timedelta(minutes=10), ledger)
    document, evidence = optimization(then, OptimizationQuery())
    promises = promises_of(document, evidence, then.as_of)
    ledger.keep(promises)
    ledger.keep(promises)
    (promise,) = [one for one in ledger.open() if one.resource == incident.resource_id]
    assert settle(as_of(sources, incident.end + timedelta(hours=1), ledger), [promise]) == []
    (settled,) = settle(as_of(sources, UNTIL, ledger), [promise])
    assert settled.state == "kept"
    assert settled.peers >= 3
    assert abs(settled.changed - incident.end) <= timedelta(hours=1)
    ledger.settle(settled)
    assert ledger.open() == [one for one in promises if one.id != promise.id]
    assert ledger.hits(UNTIL)["fix_input"] == (1, 1)
    assert "equals): kept" in describe_outcome(settled)


def test_an_adviser_that_breaks_its_word_is_doubted_and_then_muted(
    mended: tuple[QueryContext, Incident], tmp_path: Path
) -> None:
    """Two of five kept: low priority, and it says so; none of five: it is silent."""
    sources, incident = mended
    at = incident.end - timedelta(minutes=10)
    for kept, expected in ((5, "high"), (2, "low"), (0, None)):
        ledger = Outcomes(tmp_path / str(kept) / "ledger.sqlite")
        for n in range(5):
            state = "kept" if n < kept else "fell short"
            ledger.settle(_settled(f"advice-{n}", state, at - timedelta(days=1)))
        document, _ = optimization(as_of(sources, at, ledger), OptimizationQuery())
        advice = [
            one
            for resource in document.resources
            for one in resource.recommendations or ()
            if one.title.startswith("Widen the input pipeline")
        ]
        if expected is None:
            assert advice == []
        else:
            assert [one.priority for one in advice] == [expected]
            assert f"Of 5 earlier promises of this kind {kept} were kept." in advice[0].description
            said = str(advice[0].estimated_improvement)
            assert ("by its record" in said) is (kept < 5)


def _settled(name: str, state: str, at: datetime) -> Settled:
    return Settled(
        id=name, adviser="fix_input", title="t", promised_low=1, promised_high=2, changed=at, noted=at, state=state,
        value=1.5, low=1, high=2, peers=3, why="",
    )  # fmt: skip


def test_a_rule_is_replayed_with_other_limits_and_is_itself_again(mended: tuple[QueryContext, Incident]) -> None:
    """Nothing outside the replay changes; an unknown rule or limit is named with the nearest one."""
    sources, incident = mended
    before = project_rules(sources)
    found = replay(replace(sources, as_of=incident.end), "input_starvation", [], 1)
    strict = replay(replace(sources, as_of=incident.end), "input_starvation", ["waiting_pct=99"], 1)
    assert incident.resource_id in {resource for _, resource in found}
    assert len(strict) < len(found)
    assert {name: one.limits for name, one in project_rules(sources).items()} == {
        name: one.limits for name, one in before.items()
    }
    with pytest.raises(BadParameter, match="use one of: waiting_pct"):
        replay(sources, "input_starvation", ["waiting=1"], 1)
    with pytest.raises(BadParameter, match="waiting_pct = 130 is out of bounds; it is from 0 to 100"):
        replay(sources, "input_starvation", ["WAITING_PCT=130"], 1)
    with pytest.raises(BadParameter, match="use one of: input_starvation"):
        replay(sources, "input_starvatoin", [], 1)
    with pytest.raises(BadParameter, match="is not LIMIT=NUMBER"):
        replay(sources, "input_starvation", ["WAITING_PCT=much"], 1)
