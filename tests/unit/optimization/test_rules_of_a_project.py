"""A site writes a rule without Python: tables in `rules/*.toml` add to the built-in rules, or replace one of them."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.bottlenecks.evaluate import evaluate
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.bottlenecks.rule_files import built_in, rules, thresholds
from plimsoll.analysis.robust import Floats
from plimsoll.cli import run
from plimsoll.errors import ConfigError
from plimsoll.fleet.resources import Resource
from plimsoll.project import Project, builtin_root
from tests.shared import ROOT

RULE = """
[deep_queue]
summary = "More requests wait than the service works on"
metric = "queue_depth_count"
above = 40.0
least_hours = 0.5
where = ["gpu_utilization_pct >= 80"]
except_where = ["queue_depth_count == 99"]
hysteresis = 0.1
weight = 66.0
component = "queue"
use = "service.saturation"
description = "{mean:.0f} requests waited for {hours:.1f} h (limit {limit:.0f}, {samples} readings)"
impact = "answers are late"
remediation = "Ask the platform team for more quota."
test = { found = 60.0, calm = 10.0 }
"""


def folder(tmp_path: Path, **files: str) -> Path:
    """A project's folder of rules."""
    own = tmp_path / "rules"
    own.mkdir(parents=True)
    for name, text in files.items():
        (own / f"{name}.toml").write_text(text)
    return own


def window(**readings: float | Floats) -> ResourceWindow:
    """A service's day; a number stands for a day of it."""
    rows = {name: np.full(288, value) if isinstance(value, float | int) else value for name, value in readings.items()}
    resource = Resource(resource_id="chat", name="chat", type="endpoint", gpu_count=2.0)
    return ResourceWindow(resource, rows, 288, 300.0, 1.0)


def test_a_table_is_a_rule(tmp_path: Path) -> None:
    """Found where its metric is beyond the limit and its conditions are there; its remediation is the advice."""
    known = rules(folder(tmp_path, queues=RULE))
    assert len(known) == len(built_in()) + 1
    found = assess(window(queue_depth_count=60.0, gpu_utilization_pct=90.0), known)
    own = next(top for top, _ in found.bottlenecks if top.rule == "deep_queue")
    assert own.description == "60 requests waited for 24.0 h (limit 40, 288 readings)"
    assert (own.component, own.metric, own.threshold, own.weight) == ("queue", "queue_depth_count", 40.0, 76.0)
    (advice,) = [one for one in found.advice if one.rule == "deep_queue"]
    assert advice.description.endswith("Ask the platform team for more quota. If nothing is done: answers are late.")
    for calm in (
        window(queue_depth_count=60.0, gpu_utilization_pct=50.0),
        window(queue_depth_count=99.0, gpu_utilization_pct=90.0),
    ):
        assert "deep_queue" in evaluate(calm, known).exonerated
    assert evaluate(window(queue_depth_count=60.0), known).unknown["deep_queue"] == ["gpu_utilization_pct"]


def test_its_hysteresis_and_its_last_hours_are_its_own(tmp_path: Path) -> None:
    """Within a tenth it stays, with none it goes; what was more than three hours ago does not count."""
    row = np.where(np.arange(3 * 288) < 2 * 288, 60.0, 37.0)
    one = window(queue_depth_count=row, gpu_utilization_pct=np.full(3 * 288, 90.0))
    strict = RULE.replace("hysteresis = 0.1", "hysteresis = 0.0")
    late = RULE.replace("hysteresis = 0.1", "hysteresis = 0.0\nlast_hours = 3.0")
    found: dict[str, AnyRule] = {}
    for name, text in (("own", RULE), ("strict", strict), ("late", late)):
        (tmp_path / name).mkdir()
        found[name] = rules(folder(tmp_path / name, queues=text))["deep_queue"]
    own = found["own"].evaluate(one)
    assert own is not None
    assert own.threshold == pytest.approx(36.0)
    assert found["strict"].evaluate(one) is None
    noon = window(queue_depth_count=np.where(np.arange(288) < 144, 60.0, 3.0), gpu_utilization_pct=90.0)
    assert found["strict"].evaluate(noon) is not None
    assert found["late"].evaluate(noon) is None


def test_a_table_of_a_known_name_replaces_the_rule(tmp_path: Path) -> None:
    """Only this one; built-in advice on the old meaning is not given on the new one."""
    text = RULE.replace("[deep_queue]", "[cpu_saturated]")
    known = rules(folder(tmp_path, ours=text), {"cpu_saturated": {"above": 200.0}})
    assert set(known) == set(built_in())
    assert known["cpu_saturated"].reads == ("queue_depth_count", "gpu_utilization_pct")
    assert known["cpu_saturated"].limits.above == 200.0  # pyright: ignore[reportUnknownMemberType]
    link = rules(folder(tmp_path / "other", ours=RULE.replace("[deep_queue]", "[link_saturated]")))
    found = assess(window(queue_depth_count=300.0, gpu_utilization_pct=90.0), link)
    assert {one.adviser for one in found.advice if one.rule == "link_saturated"} == {"remediation"}
    assert rules()["cpu_saturated"].reads == ("cpu_utilization_pct",)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("above = 40.0", "abov = 40.0", "[deep_queue] abov: unknown key; did you mean above?"),
        ("above = 40.0", "above = 40.0\nbelow = 1.0", "[deep_queue] needs one limit: above or below"),
        ("above = 40.0", 'above = "40"', "[deep_queue] above: Input should be a valid number"),
        ("above = 40.0", "above = nan", "[deep_queue] above: Input should be a finite number"),
        ("above = 40.0", "above = -3.0", "[deep_queue] the limit -3 is out of bounds"),
        ('metric = "queue_depth_count"', 'metric = "queue_depth"', "did you mean queue_depth_count?"),
        ("weight = 66.0\n", "", "[deep_queue] weight: is missing"),
        ("weight = 66.0", "weight = 660.0", "[deep_queue] weight: Input should be less than or equal to 99"),
        (
            "service.saturation",
            "service.sturation",
            "use: must be PART.KIND, as gpu.saturation; use one of: service.sat",
        ),
        ("{mean:.0f} requests", "{mean.__class__} requests", "description: may name hours, mean, samples, limit"),
        ("{mean:.0f} requests", "{mean:9999999999d} requests", "description: may name hours, mean, samples, limit"),
        ("{mean:.0f} requests", "{0} requests", "description: may name hours, mean, samples, limit"),
        ("{mean:.0f} requests", "{mean!r} requests", "description: may name hours, mean, samples, limit"),
        ("{mean:.0f} requests", "{mean:{limit}} requests", "description: may name hours, mean, samples, limit"),
        ("{mean:.0f} requests", "{mean requests", "description: has braces that do not match"),
        ("gpu_utilization_pct >= 80", "__import__('os').system('x')", 'where: "__import__'),
        ("gpu_utilization_pct >= 80", "gpu_use_pct >= 80", "where: not a metric of the catalogue"),
        ("answers are late", "answers\\u001b[2J are late", "impact: must be one line of 1 to 300 printable characters"),
        ("found = 60.0", "found = 30.0", "test: found must be beyond the limit, and calm must not"),
        ("[deep_queue]", "[Deep-Queue]", "[Deep-Queue] is not a name"),
        ("[deep_queue]", "deep_queue = 1\n[other]", "deep_queue is not a table"),
        (
            "hysteresis = 0.1",
            'explains = ["queuing"]',
            "[deep_queue] explains: queuing is not a rule; did you mean queueing?",
        ),
        ("[deep_queue]", "[deep_queue", "rules/queues.toml: Expected"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, old: str, new: str, why: str) -> None:
    """Hostile text is only data: nothing of it is executed, formatted or printed as it stands."""
    assert old in RULE
    with pytest.raises(ConfigError) as refused:
        rules(folder(tmp_path, queues=RULE.replace(old, new)))
    assert str(refused.value).startswith("rules/queues.toml: ")
    assert why in str(refused.value)
    assert str(refused.value).isprintable()


def test_one_name_in_two_files_is_refused(tmp_path: Path) -> None:
    """Which of them counts would be chance."""
    with pytest.raises(ConfigError, match=re.escape("rules/b.toml: [deep_queue] is in rules/a.toml too")):
        rules(folder(tmp_path, a=RULE, b=RULE))


def test_the_built_in_tables_find_their_own_examples() -> None:
    """And do not find what is calm."""
    for name, table in thresholds().items():
        rule, metric = rules()[name], table.metric
        assert rule.evaluate(window(**{metric: np.full(288, table.test.found)})) is not None, name
        assert rule.evaluate(window(**{metric: np.full(288, table.test.calm)})) is None, name


def test_the_table_of_the_how_to_is_a_rule(tmp_path: Path) -> None:
    """What docs/howto/find-bottlenecks.md shows is loaded as it stands, and finds its example."""
    text = (ROOT / "docs" / "howto" / "find-bottlenecks.md").read_text(encoding="utf-8")
    (shown,) = [block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if "summary" in block]
    known = rules(folder(tmp_path, ours=shown))
    (name,) = tomllib.loads(shown)
    table = tomllib.loads(shown)[name]
    others = {text.split()[0]: float(text.split()[-1]) for text in table.get("where", ())}
    assert known[name].origin == "rules/ours.toml"
    assert known[name].evaluate(window(**{table["metric"]: table["test"]["found"]}, **others)) is not None
    assert known[name].evaluate(window(**{table["metric"]: table["test"]["calm"]}, **others)) is None


def test_the_command_line_knows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Listed with its file, shown whole, set by the config; a mistake in a file is one line and exit code 2."""
    (tmp_path / "config.toml").write_text('[plimsoll]\nname = "x"\n[rules.deep_queue]\nabove = 50\n')
    own = folder(tmp_path, queues=RULE)
    project = ["--project", str(tmp_path)]
    assert Project(tmp_path, builtin_root()).config().sections["rules"].model_dump()["deep_queue"] == {"above": 50.0}
    assert run(["rules", "list", *project]) == 0
    listed = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("deep_queue"))
    assert "above = 50 (0 to " in listed
    assert listed.endswith("[rules/queues.toml]")
    assert run(["rules", "show", "deep_queue", *project]) == 0
    shown = capsys.readouterr().out
    assert "deep_queue (rules/queues.toml): More requests wait than the service works on" in shown
    assert "to do      Ask the platform team for more quota." in shown
    assert "advice     remediation" in shown
    assert run(["rules", "show", "deep_quue", *project]) == 2
    assert "use one of: deep_queue" in capsys.readouterr().err
    (own / "queues.toml").write_text(RULE.replace("above", "abov"))
    assert run(["rules", "list", *project]) == 2
    assert capsys.readouterr().err.count("\n") == 1
