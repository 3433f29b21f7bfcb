"""A rule declares everything about itself: one new file, or one table of TOML, is a new rule everywhere."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks import rules as folder
from plimsoll.analysis.bottlenecks.limits import bounds_of
from plimsoll.analysis.bottlenecks.missing_metrics import missing_in_fleet, missing_metrics
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in, rules
from plimsoll.analysis.bottlenecks.settings import rule_names, settings
from plimsoll.analysis.bottlenecks.use_method import use_sweep
from plimsoll.analysis.robust import Floats
from plimsoll.fleet.resources import Resource
from tests.contracts.rules.planted import every

NEW_RULE = '''
"""Too many processes."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.expressions.conditions import at_least
from plimsoll.analysis.bottlenecks.expressions.measures import mean_of
from plimsoll.analysis.bottlenecks.limits import Amount, Hours, Limits
from plimsoll.analysis.bottlenecks.rule import Bottleneck, History, Place, Rule


class CrowdLimits(Limits):
    most: Amount = Field(default=500.0, description="so many processes are too many")
    least_hours: Hours = Field(default=1.0, description="for at least so long")


def find(window, limits):
    crowded = at_least("processes_count", limits.most)
    if window.row("processes_count") is None or window.hours(crowded.mask(window)) < limits.least_hours:
        return None
    measure = mean_of("processes_count", crowded)
    return Bottleneck(
        description="a crowd of processes", impact="the scheduler is busy with itself", weight=44.0,
        metric="processes_count", observed=measure.value(window), threshold=limits.most, share=1.0, samples=1,
        measure=measure,
    )


RULE = Rule(
    name="crowd", component="cpu", summary="Too many processes", reads=("processes_count",), find=find,
    limits=CrowdLimits(), use=Place("cpu", "saturation"), min_weight=44.0, remediation="End some of them.",
    history=lambda limits: History(limits.least_hours, "window"),
)
'''


@pytest.fixture
def with_a_new_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file beside the built-in ones, and nothing else."""
    (tmp_path / "crowd.py").write_text(NEW_RULE)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    for cached in (built_in, rule_names, settings):
        cached.cache_clear()
    yield
    for cached in (built_in, rule_names, settings):
        cached.cache_clear()


def window(readings: dict[str, Floats], *, price: float | None = 8.0, rows: int = 288) -> ResourceWindow:
    """A cluster's day of five-minute steps."""
    resource = Resource(
        resource_id="a", name="a", type="cluster", gpu_count=4.0, replicas_count=4.0, price_usd_per_h=price
    )
    return ResourceWindow(resource, readings, rows, 300.0, 1.0)


@pytest.mark.usefixtures("with_a_new_rule")
def test_one_new_file_is_a_new_rule_everywhere() -> None:
    """Found, in its cell of the sweep, advised on, ranked among missing metrics, set by the config, listed."""
    crowd = window({"processes_count": np.full(288, 900.0)})
    found = assess(crowd)
    assert [(top.rule, top.component, top.limits) for top, _ in found.bottlenecks] == [
        ("crowd", "cpu", built_in()["crowd"].limits)
    ]
    assert [(one.adviser, one.rule, one.resource_id) for one in found.advice] == [("remediation", "crowd", "a")]
    assert found.advice[0].description == (
        "a crowd of processes. End some of them. If nothing is done: the scheduler is busy with itself."
    )
    cells = use_sweep(crowd, built_in(), frozenset({"crowd"}), frozenset())
    assert cells["cpu"]["saturation"] == {"state": "present", "rules": ["crowd"]}
    bare = window({"cpu_utilization_pct": np.full(288, 40.0)})
    assert missing_metrics(bare, assess(bare), built_in())["processes_count"] == ["crowd"]
    (ranked,) = [one for one in missing_in_fleet([(bare, assess(bare))], built_in()) if one.metric == "processes_count"]
    assert ranked.weight == 44.0
    assert "crowd" in rule_names()
    assert "crowd" in settings().model_fields
    settings().model_validate({"crowd": {"most": 1000.0}})
    with pytest.raises(ValueError, match="crowd has no limit mots; use one of: most"):
        settings().model_validate({"crowd": {"mots": 1.0}})
    assert assess(crowd, rules(given={"crowd": {"most": 1000.0}})).bottlenecks == []


@pytest.mark.parametrize("name", built_in())
def test_a_rule_that_asks_for_more_than_was_read_does_not_exonerate(name: str) -> None:
    """Its hours and days at their upper bounds on what is planted for it: found, unknown or waiting, but never calm.

    `gpu_under_used` with 96 hours of a day's window said "exonerated", and so did four others.
    """
    planted = every()[name]
    resource = Resource(
        resource_id="a", name="a", type=planted.kind, gpu_count=4.0, replicas_count=6.0, storage_bytes=2e14
    )
    day = {metric: row[-576::2] for metric, row in planted.readings.items()}
    devices = {key: row[-576::2] for key, row in planted.devices.items()}
    one = ResourceWindow(resource, day, 288, 300.0, 1.0, devices)
    asked = {
        key: limit.high
        for key, limit in bounds_of(built_in()[name].limits).items()
        if key in ("least_hours", "least_days") and limit.high > 24
    }
    strict = rules(given={name: asked})
    found = assess(one, strict)
    assert not asked or name not in found.exonerated
    reasons = [waits.reason for waits in found.abstentions if waits.subject == name]
    silent = name not in {top.rule for top, _ in found.bottlenecks} and name not in found.unknown
    assert not asked or not silent or reasons


def test_what_cannot_be_known_in_a_window_says_so() -> None:
    """20 hours of readings and 96 asked for: no verdict on use, and the reason with both numbers."""
    busy = np.full(288, 10.0)
    busy[:48] = np.nan
    found = assess(window({"gpu_utilization_pct": busy}), rules(given={"gpu_under_used": {"least_hours": 96.0}}))
    (waits,) = [one for one in found.abstentions if one.subject == "gpu_under_used"]
    assert waits.reason == "96 h of gpu_utilization_pct are needed; it looks at 24 h"
    assert waits.in_s is None
    before = window({"gpu_utilization_pct": np.concatenate([np.full(13 * 288, 60.0), busy])})
    longer = assess(before, rules(given={"gpu_under_used": {"least_hours": 96.0}}))
    assert "gpu_under_used" not in longer.exonerated  # days before the window are no readings of the window
    within = assess(window({"gpu_utilization_pct": busy}), rules(given={"gpu_under_used": {"least_hours": 22.0}}))
    (waits,) = [one for one in within.abstentions if one.subject == "gpu_under_used"]
    assert waits.reason == "20.0 of 22 h of gpu_utilization_pct are read"
    assert waits.in_s == 2 * 3600.0


@pytest.mark.parametrize("name", built_in())
def test_a_finding_weighs_no_less_than_its_rule_says(name: str) -> None:
    """What is ranked by the least weight is ranked by a true one; name, component and limits are the rule's own."""
    planted, rule = every()[name], built_in()[name]
    resource = Resource(
        resource_id="a", name="a", type=planted.kind, gpu_count=4.0, replicas_count=6.0, storage_bytes=2e14
    )
    readings = {metric: row[::2] for metric, row in planted.readings.items()}
    devices = {key: row[::2] for key, row in planted.devices.items()}
    received = np.ones(288, dtype=np.bool_)
    for row in readings.values():
        received &= ~np.isnan(row[-288:])
    found = rule.evaluate(ResourceWindow(resource, readings, 288, 300.0, float(received.mean()), devices))
    assert found is not None
    assert rule.min_weight <= found.weight < 100
    assert (found.rule, found.component, found.limits) == (name, rule.component, rule.limits)


def test_advice_goes_by_the_limits_of_the_rule_that_fired() -> None:
    """Another target, another number of replicas; the grace of a release is the rule's own."""
    row = np.full(10 * 288, 20.0)
    service = Resource(resource_id="a", name="a", type="endpoint", gpu_count=8.0, replicas_count=8.0)

    def replicas(target: float) -> str:
        given = {"over_provisioned": {"target_pct": target}}
        found = assess(ResourceWindow(service, {"gpu_utilization_pct": row}, 288, 300.0, 1.0), rules(given=given))
        return next(one.title for one in found.advice if one.adviser == "right_size")

    assert replicas(65.0) == "Run a on 3 replicas instead of 8"
    assert replicas(45.0) == "Run a on 4 replicas instead of 8"
