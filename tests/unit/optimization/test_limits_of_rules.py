"""Limits of rules are set in the config, within bounds, and refused by name where they cannot be."""

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks.limits import bounds_of, refused
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in, rules
from plimsoll.analysis.bottlenecks.settings import configured, rule_names
from plimsoll.config import Config, Layer, load
from plimsoll.errors import ConfigError, UnknownSetting
from plimsoll.fleet.resources import Resource
from plimsoll.project import builtin_root, sections


def config(text: str) -> Config:
    """A project's config of this text alone."""
    return load([Layer("config.toml", text)], {name: kind for name, kind in sections().items() if name == "rules"})


def test_every_rule_has_its_limits_within_bounds() -> None:
    """Its own value is inside, and every rule is one that can be set."""
    assert rule_names() == sorted(built_in())
    for rule in rule_names():
        known = bounds_of(built_in()[rule].limits)
        assert known, rule
        assert all(one.low <= one.value <= one.high for one in known.values()), rule
        assert refused(rule, built_in()[rule].limits, {name: one.value for name, one in known.items()}) is None


def test_the_built_in_config_shows_each_limit_as_it_is() -> None:
    """As comments that can be taken as they stand."""
    lines = (builtin_root() / "config.toml").read_text().split("[rules]", 1)[1].split("\n[", 1)[0].splitlines()[1:]
    shown = configured(config("[rules]\n" + "\n".join(line.removeprefix("# ") for line in lines)).sections["rules"])
    assert shown == {
        rule: {name: one.value for name, one in bounds_of(built_in()[rule].limits).items()} for rule in rule_names()
    }


def test_a_limit_is_set_by_its_name_and_for_nobody_else() -> None:
    """Of a rule with constants, and of one that is a single limit held for long enough; both kinds look in turn."""
    given = configured(
        config("[rules.gpu_idle]\nleast_hours = 6\n[rules.cpu_saturated]\nabove = 95.0\n").sections["rules"]
    )
    assert given == {"gpu_idle": {"least_hours": 6.0}, "cpu_saturated": {"above": 95.0}}
    before = {rule: bounds_of(built_in()[rule].limits) for rule in rule_names()}
    idle = np.where(np.arange(288) >= 288 - 4 * 12, 0.0, 60.0)
    case = ResourceWindow(
        Resource(resource_id="a", name="a", type="cluster", gpu_count=8.0),
        {"cpu_utilization_pct": np.full(288, 92.0), "gpu_utilization_pct": idle}, 288, 300, 1,
    )  # fmt: skip
    own, others = built_in(), rules(given=given)
    for name in given:
        assert own[name].evaluate(case) is not None, name
        assert others[name].evaluate(case) is None, name
        assert own[name].evaluate(case) is not None, name
    assert {rule: bounds_of(built_in()[rule].limits) for rule in rule_names()} == before
    assert [name for name in own if others[name] is not own[name]] == ["cpu_saturated", "gpu_idle"]


def test_advice_goes_by_the_limit_that_was_set() -> None:
    """Four hours at 4 % are idle for who says so, in the rule and in what its adviser counts."""
    row = np.where(np.arange(288) >= 288 - 4 * 12, 4.0, 60.0)
    resource = Resource(resource_id="a", name="a", type="cluster", gpu_count=8.0)
    case = ResourceWindow(resource, {"gpu_utilization_pct": row}, 288, 300, 1.0)
    assert "release" not in {one.adviser for one in assess(case).advice}
    (advice,) = [
        one for one in assess(case, rules(given={"gpu_idle": {"idle_pct": 5.0}})).advice if one.adviser == "release"
    ]
    assert advice.improvement == "16 to 32 GPU-hours of the last 4 h would have been free"


def test_what_is_told_names_the_limit_that_was_set() -> None:
    """And not the one that the rule has by itself."""
    case = ResourceWindow(
        Resource(resource_id="a", name="a", type="cluster"), {"cpu_utilization_pct": np.full(288, 70.0)}, 288, 300, 1
    )
    found = rules(given={"cpu_saturated": {"above": 60.0}})["cpu_saturated"].evaluate(case)
    assert found is not None
    assert (found.threshold, found.description) == (60.0, "processors were over 60 % for 24.0 h (70 % on average)")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "[rules.gpu_idle]\nleast_hour = 6",
            "config.toml:2: .*gpu_idle has no limit least_hour; use one of: least_hours",
        ),
        ("[rules.gpu_idle]\nidle_pct = 130", "idle_pct = 130 is out of bounds; it is from 0 to 100"),
        ('[rules.gpu_idle]\nidle_pct = "2"', "valid number"),
    ],
)
def test_what_cannot_be_set_is_refused_at_the_door(text: str, why: str) -> None:
    """By name, with the nearest one or the bounds."""
    with pytest.raises(ConfigError, match=why):
        config(text)


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    """As every unknown setting."""
    with pytest.raises(UnknownSetting, match="gpu_idle"):
        config("[rules.gpu_idel]\nleast_hours = 6")
