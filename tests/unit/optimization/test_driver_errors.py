"""Driver errors (XID): one reading is enough, codes are never averaged, and a program's mistake drains no machine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from msgspec import UNSET

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.performance.alerts import AlertState
from plimsoll.analysis.performance.driver_error_alerts import driver_error_alerts
from plimsoll.documents.evidence import AlertDetail, BottleneckDetail
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.fleet.xid_codes import xid, xid_codes
from plimsoll.lake import Lake
from plimsoll.lake.sql import Bounds, ask
from plimsoll.queries.alerts import open_alerts
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization, windows
from plimsoll.queries.performance import performance
from plimsoll.tables import RESOURCES, SAMPLES
from tests.reports import sources_of

NOW = datetime(2026, 1, 16, 18, tzinfo=UTC)


def fleet(tmp_path: Path, *errors: tuple[float, str, int], kind: str = "cluster") -> QueryContext:
    """A resource of eight GPUs read every five minutes for a day, and errors: hours back, card, code."""
    lake = Lake(tmp_path / "lake")
    begin = NOW - timedelta(hours=24)
    facts = {"ts": begin, "resource_id": "n1", "source": "t", "name": "n1", "type": kind, "interval_s": 300.0}
    lake.append(RESOURCES, [facts | {"gpu_count": 8.0}], collector="t")
    calm = [
        {"ts": NOW - timedelta(minutes=5 * n), "resource_id": "n1", "device": "", "gpu_utilization_pct": 60.0}
        for n in range(1, 288)
    ]
    events = [
        {"ts": NOW - timedelta(hours=back), "resource_id": "n1", "device": device, "gpu_xid_code": float(code)}
        for back, card, code in errors
        for device in (card, "")
    ]
    lake.append(SAMPLES, [{"source": "t"} | row for row in [*calm, *events]], collector="t")
    return replace(sources_of(lake), as_of=NOW)


def test_two_codes_within_five_minutes_are_two_codes(tmp_path: Path) -> None:
    """31 and 79, a minute apart on two cards: both named with their number, card and time; never their mean."""
    sources = fleet(tmp_path, (2.0, "gpu1", 31), (1.99, "gpu3", 79))
    document, evidence = optimization(sources, OptimizationQuery())
    bottlenecks = document.resources[0].bottlenecks
    assert bottlenecks is not UNSET
    (cause,) = [one for one in bottlenecks if "XID" in one.description]
    assert "XID 79 (the GPU has fallen off the bus) once on gpu3 at 16 Jan 16:00 UTC" in cause.description
    assert "XID 31 (a page fault in GPU memory) once on gpu1 at 16 Jan 16:00 UTC" in cause.description
    assert "55" not in cause.description
    proof = next(one for one in evidence if one.subject == cause.id)
    assert proof.observed == 79.0
    assert ask(sources.snapshot, str(proof.typed(BottleneckDetail).sql), Bounds()).rows == [(79.0,)]


def test_a_single_event_is_a_finding(tmp_path: Path) -> None:
    """One reading of 79 in a day: the machine is to be drained; the sweep has GPU errors present, not absent."""
    (window,) = windows(fleet(tmp_path, (5.0, "gpu3", 79)), OptimizationQuery())
    result = assess(window)
    assert {top.rule: top.weight >= 95 for top, _ in result.bottlenecks} == {"gpu_driver_errors": True}
    (advice,) = result.advice
    assert advice.priority == "high"
    assert advice.title == "Take gpu3 of n1 out of work (XID 79: the GPU has fallen off the bus)"
    assert set(advice.changes) == {"slurm", "kubernetes"}


@pytest.mark.parametrize("code", [code for code, known in xid_codes().items() if known.fault == "application"])
def test_a_program_that_fails_drains_no_machine(tmp_path: Path, code: int) -> None:
    """Application codes, once and six times on one card: the job is to be looked at, nothing is pasted."""
    for times in (1, 6):
        errors = [(float(n + 1), "gpu0", code) for n in range(times)]
        (window,) = windows(fleet(tmp_path / str(times), *errors), OptimizationQuery())
        for advice in assess(window).advice:
            assert advice.changes == {}
            assert "drain" not in f"{advice.title} {advice.description}".lower()


def test_a_job_is_no_machine(tmp_path: Path) -> None:
    """79 on a training job: what happened is reported, nothing that drains a node of the job's name."""
    (window,) = windows(fleet(tmp_path, (1.0, "gpu0", 79), kind="training"), OptimizationQuery())
    (advice,) = assess(window).advice
    assert advice.changes == {}


def test_a_clean_up_alone_is_nothing_and_an_unknown_code_is_named(tmp_path: Path) -> None:
    """45 follows other errors or an ended job; 4711 is in no table, and that is said."""
    (calm,) = windows(fleet(tmp_path / "a", (1.0, "gpu0", 45), (3.0, "gpu0", 45)), OptimizationQuery())
    assert assess(calm).bottlenecks == []
    assert "gpu_driver_errors" in assess(calm).exonerated
    (odd,) = windows(fleet(tmp_path / "b", (1.0, "gpu0", 4711)), OptimizationQuery())
    ((found, _),) = assess(odd).bottlenecks
    assert "XID 4711 (not in our table)" in found.description
    assert assess(odd).advice[0].changes == {}


def test_an_application_code_that_repeats_on_one_card_weighs_more(tmp_path: Path) -> None:
    """Three page faults on one card may be the card's; on three cards they are three jobs'."""
    same = [(float(n), "gpu0", 31) for n in (1, 2, 3)]
    apart = [(float(n), f"gpu{n}", 31) for n in (1, 2, 3)]
    weights = list[float]()
    for name, errors in (("same", same), ("apart", apart)):
        (window,) = windows(fleet(tmp_path / name, *errors), OptimizationQuery())
        ((found, _),) = assess(window).bottlenecks
        weights.append(found.weight)
    assert weights[0] > weights[1]


def test_a_card_off_the_bus_is_an_alert_at_its_first_reading(tmp_path: Path) -> None:
    """One reading of 79 opens a critical alert with its SQL, in the document and for the feed; page faults none."""
    sources = fleet(tmp_path / "a", (0.1, "gpu3", 79), (3.0, "gpu1", 31))
    document, evidence = performance(sources, PerformanceQuery())
    (alert,) = [one for one in document.alerts if one.metric == "gpu_xid_code"]
    assert (alert.severity, alert.current_value, alert.resource) == ("critical", 79.0, "n1")
    assert [one.alert.alert_id for one in open_alerts(sources) if one.line == "driver_error"] == [alert.alert_id]
    proof = next(one for one in evidence if one.subject == alert.alert_id)
    assert ask(sources.snapshot, str(proof.typed(AlertDetail).sql), Bounds()).rows == [(79.0,)]
    only_programs = performance(fleet(tmp_path / "b", (0.1, "gpu3", 31)), PerformanceQuery())[0]
    assert [one for one in only_programs.alerts if one.metric == "gpu_xid_code"] == []


def test_an_event_closes_after_a_day(tmp_path: Path) -> None:
    """Nothing says that a card is mended: the alert stays for a day after the last error, and no longer."""
    sources = fleet(tmp_path, (0.1, "gpu3", 79))
    assert [one.line for one in open_alerts(sources)] == ["driver_error"]
    errors = pl.LazyFrame({"ts": [NOW], "resource_id": ["n1"], "device": ["gpu3"], "gpu_xid_code": [79.0]})
    for hours, count in ((23, 1), (25, 0)):
        found = driver_error_alerts(errors, sources.resources(), as_of=NOW + timedelta(hours=hours), state=AlertState())
        assert (len(found.open), [one.is_open for one in found.events]) == (count, [count == 1])


def test_the_table_says_who_and_what_for_every_code() -> None:
    """Each code has a cause of the list, words and something to do; those of the card that are bad drain it."""
    for code, known in xid_codes().items():
        assert known.todo.endswith("."), code
        assert known.drain <= (known.card and known.severity in ("high", "critical")), code
        assert not (known.drain and known.fault == "application"), code
    assert xid(79).severity == xid(95).severity == "critical"
