"""The optimization document of a demo fleet: valid with every parameter, caused, priced once, printed by the client."""

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from plimsoll import documents
from plimsoll.analysis.advice.model import Advice
from plimsoll.analysis.advice.portfolio import compatible, joint_saving
from plimsoll.analysis.bottlenecks.rule_files import built_in as rules
from plimsoll.cli import run
from plimsoll.documents.evidence import AdviceDetail, BottleneckDetail, SweepDetail
from plimsoll.documents.parameters import TIME_RANGES
from plimsoll.errors import BadParameter
from plimsoll.fleet.prices import HOURS_A_MONTH
from plimsoll.ledger.advice import Verdict, Verdicts
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.simulator import Fleet
from tests.reports import UNTIL, lake_of, sources_of
from tests.shared import shared_path

CAUSES = {
    "input_starvation": "input pipeline",
    "straggler_gpu": "gpu",
    "idle_gpu": "gpu",
    "filling_volume": "storage",
    "memory_leak": "memory",
    "silent_source": "coverage",
    "traffic_spike": "demand",
}


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """Ten days of forty-eight resources with the story of the last day."""
    return Fleet.build(resources=48, days=10, until=UNTIL, interval_s=300)


@pytest.fixture(scope="module")
def sources(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> QueryContext:
    """Their lake."""
    return sources_of(lake_of(fleet, tmp_path_factory.mktemp("optimization") / "lake"))


def built(sources: QueryContext, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401
    """The document as clients read it, once it has been validated."""
    document, _ = optimization(sources, OptimizationQuery.parse(**parameters))
    made: dict[str, Any] = json.loads(documents.encode(document))
    schema = json.loads(shared_path("spec", "schemas", "optimization.schema.json").read_bytes())
    jsonschema.validate(made, schema)
    return made


def test_the_planted_cause_comes_first(sources: QueryContext, fleet: Fleet) -> None:
    """On each resource of the last day's story; the most constrained resource is the first."""
    made = {one["resourceId"]: one for one in built(sources)["resources"]}
    story = [i for i in fleet.incidents if i.end == UNTIL or i.kind in ("traffic_spike", "input_starvation")]
    checked = [i for i in story if i.kind in CAUSES and (UNTIL - i.end).total_seconds() < 20 * 3600]
    assert len(checked) >= 6
    for incident in checked:
        assert made[incident.resource_id]["bottlenecks"][0]["component"] == CAUSES[incident.kind], incident
        assert made[incident.resource_id]["recommendations"], incident
    assert next(iter(made.values()))["bottlenecks"]
    quiet = [one for one in made.values() if not one["bottlenecks"]]
    assert len(quiet) > len(made) / 2


def test_every_id_has_its_evidence(sources: QueryContext) -> None:
    """Window, observed, threshold, samples; and each resource says what was exonerated and what is unknown."""
    document, evidence = optimization(sources, OptimizationQuery.parse())
    subjects = {e.subject: e for e in evidence}
    written = documents.encode(list(evidence))
    read = msgspec.json.decode(written, type=list[documents.Evidence])
    assert documents.encode(read) == written  # a program that reads it has every detail with its type
    assert {type(one.detail) for one in read} >= {BottleneckDetail, AdviceDetail, SweepDetail}
    for resource in document.resources:
        swept = subjects[f"sweep.{resource.resource_id}"].typed(SweepDetail)
        assert len(swept.exonerated) + len(resource.bottlenecks or ()) <= len(rules())
        for bottleneck in resource.bottlenecks or ():
            assert subjects[bottleneck.id].threshold is not None
        for one in resource.recommendations or ():
            assert subjects[one.id].typed(AdviceDetail).bottleneck_id in subjects
    unlock = subjects[f"sweep.{document.resources[0].resource_id}"].typed(SweepDetail).missing_metrics
    assert "gpu_ecc_uncorrected_count" in unlock


@pytest.mark.parametrize("time_range", TIME_RANGES)
def test_every_range_is_valid(sources: QueryContext, time_range: str) -> None:
    """Also one shorter than a step, also one longer than the history."""
    made = built(sources, time_range=time_range)
    assert len(made["resources"]) == 48


def test_parts_are_left_out_when_asked(sources: QueryContext) -> None:
    """And a selection of resources comes in the order of their constraint."""
    assert "bottlenecks" not in built(sources, bottlenecks=False)["resources"][0]
    made = built(sources, recommendations=False)
    assert "recommendations" not in made["resources"][0]
    assert "platformRecommendations" not in made
    ids = [one["resourceId"] for one in made["resources"][:3]]
    assert [one["resourceId"] for one in built(sources, resource_ids=ids[::-1])["resources"]] == ids
    assert built(sources, resource_ids=["nobody"])["resources"] == []
    with pytest.raises(BadParameter, match="timeRange"):
        built(sources, time_range="2h")


def test_savings_are_never_counted_twice() -> None:
    """Of two sizes for one resource the better counts; together never more than what is paid."""

    def advice(adviser: str, resource_id: str, usd: float) -> Advice:
        return Advice(
            adviser=adviser,
            rule="gpu_idle",
            resource_id=resource_id,
            priority="high",
            title="t",
            description="d",
            saving_per_month=usd,
            frees=1.0,
        )

    fleet = {"a": HOURS_A_MONTH, "b": HOURS_A_MONTH}
    both = [advice("release", "a", 730.0), advice("right_size", "a", 400.0), advice("release", "b", 5000.0)]
    assert {one.adviser for one in compatible(both) if one.resource_id == "a"} == {"release"}
    assert joint_saving(both, fleet) == 730.0 + HOURS_A_MONTH
    assert joint_saving([], fleet) is None


def test_the_specifications_program_prints_it(sources: QueryContext, capsys: pytest.CaptureFixture[str]) -> None:
    """Its function, as printed there, on our document."""
    text = Path(shared_path("spec", "performance-api.txt")).read_text(encoding="utf-8")
    found = re.search(r"^def analyze_performance_bottlenecks.*?(?=^# Run optimization)", text, re.MULTILINE | re.DOTALL)
    assert found
    names: dict[str, Any] = {"get_optimization_recommendations": lambda: built(sources)}
    exec(compile(found.group(), "performance-api.txt", "exec"), names)  # noqa: S102 - the specification's own text
    names["analyze_performance_bottlenecks"]()
    printed = capsys.readouterr().out
    assert "Identified Bottlenecks:" in printed
    assert "Expected improvement:" in printed


def test_the_command(sources: QueryContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same in the terminal; what is wrong is refused."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lake").symlink_to(sources.snapshot.root)
    arguments = ["--project", str(tmp_path), "--as-of", "2026-01-16T18:00:00Z"]
    assert run(["optimization", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "[high]" in shown
    assert "nothing holds them back" in shown
    assert run(["optimization", *arguments, "--resource-id", "nobody"]) == 2
    assert run(["optimization", *arguments, "--json", "--no-recommendations"]) == 0


def test_an_id_is_explained(sources: QueryContext, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a recommendation of the last report rests on; an unknown id is refused, and no report is said."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lake").symlink_to(sources.snapshot.root)
    project = ["--project", str(tmp_path)]
    assert run(["explain", "advice-0", *project]) == 1
    assert "no report has been published yet" in capsys.readouterr().err
    assert run(["report", "daily", *project, "--as-of", "2026-01-16T18:00:00Z"]) == 0
    document, _ = optimization(sources, OptimizationQuery.parse())
    recommendation = next(
        one for r in document.resources for one in (r.recommendations or ()) if one.estimated_improvement
    )
    capsys.readouterr()
    assert run(["explain", recommendation.id, *project]) == 0
    shown = capsys.readouterr().out
    assert "by advisers." in shown
    assert "bottleneckId" in shown
    assert run(["explain", "advice-0", *project]) == 2
    assert run(["dismiss", "advice-0", "--reason", "x", *project]) == 2
    assert run(["dismiss", recommendation.id, *project]) == 2
    assert run(["explain", recommendation.id, *project, "--json"]) == 0


def test_what_was_said_of_advice_holds(sources: QueryContext, tmp_path: Path) -> None:
    """Dismissed: left out, in the evidence with the reason; snoozed: back afterwards; accepted: it stays."""
    verdicts = Verdicts(tmp_path / "ledger.sqlite")
    knowing = replace(sources, verdicts=verdicts)

    def advised(as_of: datetime) -> set[str]:
        document, _ = optimization(replace(knowing, as_of=as_of), OptimizationQuery.parse())
        return {one.id for resource in document.resources for one in (resource.recommendations or ())}

    first, second, third, *_ = sorted(advised(UNTIL))
    before, later = UNTIL - timedelta(minutes=5), UNTIL + timedelta(minutes=5)
    verdicts.say(first, Verdict("dismissed", before, None, "known"))
    verdicts.say(second, Verdict("snoozed", before, later, "next week"))
    verdicts.say(third, Verdict("accepted", before, None, ""))
    assert advised(UNTIL) & {first, second, third} == {third}
    assert {second, third} <= advised(later)
    assert advised(before - timedelta(minutes=5)) >= {first, second, third}
    _, evidence = optimization(knowing, OptimizationQuery.parse())
    said = {e.subject: e.typed(AdviceDetail).feedback for e in evidence if e.rule.startswith("advisers.")}
    assert (said[first], said[second], said[third]) == ("dismissed: known", "snoozed: next week", "accepted")
    verdicts.say(first, Verdict("accepted", UNTIL, None, "after all"))
    assert first in advised(UNTIL)
