"""Who is left without advice, why, and till when; and which readings would tell most."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks.missing_metrics import missing_in_fleet, missing_metrics
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in
from plimsoll.analysis.bottlenecks.use_method import use_sweep
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource

STEP_S, DAY, ROWS = 300.0, 288, 14 * 288
END = datetime(2026, 1, 16, 18, tzinfo=UTC)


def case(
    readings: dict[str, Floats], *, coverage: float = 1.0, kind: str = "cluster", name: str = "a", price: float = 8.0
) -> ResourceWindow:
    """Four GPUs and these readings."""
    resource = Resource(
        resource_id=name, name=name, type=kind, gpu_count=4.0 if kind == "cluster" else None, price_usd_per_h=price
    )
    return ResourceWindow(resource, readings, DAY, STEP_S, coverage, end=END)


def flat(value: float) -> Floats:
    """Two weeks of one reading."""
    return np.full(ROWS, float(value))


def test_it_says_when_there_will_be_enough() -> None:
    """The first twelve hours of the window are missing; with 4.8 h missing, 80 % are there: 7.2 h from now."""
    row = flat(95)
    row[-DAY : -DAY // 2] = np.nan
    result = assess(case({"cpu_utilization_pct": row}, coverage=0.5))
    (low_coverage,) = [one for one in result.abstentions if one.subject == "advice"]
    assert low_coverage.reason == "only 50 % of the readings arrived; advice needs 80 %"
    assert low_coverage.in_s is not None
    assert low_coverage.in_s / 3600 == pytest.approx(7.2, abs=0.1)
    assert low_coverage.as_evidence(END).available_at == "2026-01-17T01:15:00Z"


def test_what_went_missing_last_is_missed_longest() -> None:
    """The last twelve hours: they leave the window only after twelve others."""
    row = flat(95)
    row[-DAY // 2 :] = np.nan
    (low_coverage,) = [
        one for one in assess(case({"cpu_utilization_pct": row}, coverage=0.5)).abstentions if one.subject == "advice"
    ]
    assert low_coverage.in_s is not None
    assert low_coverage.in_s / 3600 == pytest.approx(19.2, abs=0.1)


def test_a_rule_that_wants_more_history_says_so_and_is_not_exonerated() -> None:
    """Three days of a service's use: whether it has too many replicas is known in four."""
    row = np.full(ROWS, np.nan)
    row[-3 * DAY :] = 10.0
    result = assess(case({"gpu_utilization_pct": row}))
    (short_history,) = [one for one in result.abstentions if one.subject == "over_provisioned"]
    assert short_history.reason == "3.0 of 7.0 days of gpu_utilization_pct are read"
    assert short_history.as_evidence(END).available_at == "2026-01-20T18:00:00Z"
    assert "over_provisioned" not in result.exonerated
    assert "over_provisioned" in assess(case({"gpu_utilization_pct": flat(60)})).exonerated


def test_readings_that_contradict_each_other_advise_nothing() -> None:
    """No use, and tokens are made: one of them is wrong; without the tokens it is to be released."""
    idle = {"gpu_utilization_pct": flat(0)}
    assert "release" in {one.adviser for one in assess(case(idle)).advice}
    result = assess(case(idle | {"generation_tokens_per_s": flat(800)}))
    assert "release" not in {one.adviser for one in result.advice}
    (odd,) = [one for one in result.abstentions if one.subject == "advice on gpu_idle"]
    assert "generation_tokens_per_s 800 at the same time" in odd.reason
    assert odd.in_s is None


def test_what_to_turn_on_comes_by_what_it_is_worth() -> None:
    """Memory errors of GPUs before steal; nothing of GPUs for a volume; the dearer resources' metric first."""
    gpu = case({"cpu_utilization_pct": flat(50)})
    metrics = list(missing_metrics(gpu, assess(gpu), built_in()))
    assert metrics.index("gpu_ecc_uncorrected_count") < metrics.index("cpu_steal_pct")
    volume = case({"up_pct": flat(100)}, kind="storage", name="v", price=1000.0)
    assert not any(name.startswith(("gpu_", "cpu_")) for name in missing_metrics(volume, assess(volume), built_in()))
    ranked = missing_in_fleet([(one, assess(one)) for one in (gpu, volume)], built_in())
    assert ranked[0].metric in missing_metrics(volume, assess(volume), built_in())
    assert ranked[0].per_month == 1000.0 * 730
    assert [one.value for one in ranked] == sorted((one.value for one in ranked), reverse=True)


def test_the_sweep_says_present_exonerated_or_absent() -> None:
    """A full processor; memory that was looked at; errors of GPUs that nobody reads."""
    one = case({"cpu_utilization_pct": flat(99), "memory_utilization_pct": flat(40), "gpu_utilization_pct": flat(60)})
    result = assess(one)
    cells = use_sweep(
        one, built_in(), frozenset(top.rule for top, _ in result.bottlenecks), frozenset(result.exonerated)
    )
    assert cells["cpu"]["saturation"] == {"state": "present", "rules": ["cpu_saturated"]}
    assert cells["cpu"]["utilization"]["usedPct"] == 99.0
    assert cells["memory"]["saturation"]["state"] == "exonerated"
    assert cells["gpu"]["errors"] == {"state": "absent", "rules": []}
    assert "network" not in cells


def test_other_readings_have_another_usual() -> None:
    """What is usual is remembered for a case, and not for the one that it is changed into."""
    one = case({"response_time_ms": flat(100)})
    usual, other = one.usual("response_time_ms"), replace(one, readings={"response_time_ms": flat(7)})
    changed = other.usual("response_time_ms")
    assert usual is not None
    assert changed is not None
    assert (usual[0], changed[0]) == (100.0, 7.0)
