"""The anomalies document of a demo fleet: valid, explained, the same each time; the specification's class reads it."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest

from plimsoll import documents
from plimsoll.cli import run
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.errors import BadParameter
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies, compare
from plimsoll.queries.context import QueryContext
from plimsoll.queries.performance import performance
from plimsoll.simulator import Fleet
from tests.reports import UNTIL, lake_of, sources_of
from tests.shared import shared_path

HOUR = AnomaliesQuery.parse(granularity="15m", time_range="6h")


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """Ten days of twenty-one resources with the story of the last day."""
    return Fleet.build(resources=21, days=10, until=UNTIL, interval_s=900)


@pytest.fixture(scope="module")
def sources(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> QueryContext:
    """Their lake."""
    return sources_of(lake_of(fleet, tmp_path_factory.mktemp("anomalies") / "lake"))


def built(document: object) -> Any:  # noqa: ANN401 - JSON
    """The document as clients read it."""
    return json.loads(documents.encode(document))


def test_the_document_is_valid_and_says_why(sources: QueryContext, fleet: Fleet) -> None:
    """Both methods in every finding of the default detector; only resources in which something was planted."""
    document, evidence = anomalies(sources, HOUR)
    jsonschema.validate(
        built(document), json.loads(shared_path("spec", "schemas", "anomalies.schema.json").read_bytes())
    )
    open_incidents = {i.resource_id for i in fleet.incidents if i.end == UNTIL and i.kind != "silent_source"}
    assert {one.resource_id for one in document} & open_incidents
    reasons = {e.subject: e for e in evidence}
    for entry in (one for resource in document for one in resource.anomalies):
        assert entry.expected_low <= entry.baseline_mean <= entry.expected_high
        assert entry.id in reasons
        if entry.detector == "unusual":
            assert entry.forest_score is not None
            assert "isolation forest" in entry.explanation
            assert f"(z {'-' if entry.value < entry.baseline_mean else ''}" in entry.explanation or entry.z_score >= 0
    assert any(e.rule == "anomalies.silence" for e in evidence)
    assert built(document) == built(anomalies(sources, HOUR)[0])


def test_a_threshold_keeps_what_is_beyond_it(sources: QueryContext) -> None:
    """Whatever the threshold: exactly the entries above it, none invented."""
    everything = [one for resource in anomalies(sources, HOUR)[0] for one in resource.anomalies]
    for threshold in (4.0, 50.0):
        query = AnomaliesQuery.parse(granularity="15m", time_range="6h", threshold=threshold)
        kept = [one for resource in anomalies(sources, query)[0] for one in resource.anomalies]
        assert kept == [one for one in everything if one.z_score > threshold]


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"time_range": "2h"}, "timeRange"),
        ({"granularity": "7m"}, "granularity"),
        ({"granularity": "1d"}, "granularity"),
        ({"threshold": -1.0}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"detector": "magic"}, "detector"),
    ],
)
def test_bad_questions_are_refused_by_name(parameters: dict[str, Any], named: str) -> None:
    """With what is allowed."""
    with pytest.raises(BadParameter, match=named):
        AnomaliesQuery.parse(**parameters)


def test_the_specifications_recipe_says_far_more(sources: QueryContext) -> None:
    """That is why it is not the default; both are counted on the user's own history. What goes on is never cut."""
    tried = {one.detector: one for one in compare(sources)}
    assert tried["global_z"].findings > 20 * tried["as shipped"].findings > 0
    assert tried["as shipped"].per_resource_week <= 1.0 + 5 / (21 * tried["as shipped"].days / 7)


def test_the_specifications_class_reads_our_documents(
    sources: QueryContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its class, as printed there, on our performance document; and its report on our anomalies document."""
    text = Path(shared_path("spec", "performance-api.txt")).read_text(encoding="utf-8")
    found = re.search(r"^class AnomalyDetector:.*?(?=^# Usage)", text, re.MULTILINE | re.DOTALL)
    assert found

    def get(url: str, *, headers: dict[str, str], params: dict[str, str]) -> SimpleNamespace:
        assert url.endswith("/v2/monitoring/performance")
        assert headers["Authorization"].startswith("Bearer ")
        query = PerformanceQuery.parse(
            resource=params["resource"],
            time_range=params["timeRange"],
            granularity=params["granularity"],
            aggregation=params["aggregation"],
        )
        return SimpleNamespace(json=lambda: built(performance(sources, query)[0]))

    names: dict[str, Any] = {"requests": SimpleNamespace(get=get), "np": np}
    exec(compile(found.group(), "performance-api.txt", "exec"), names)  # noqa: S102 - the specification's own text
    detector = names["AnomalyDetector"]("key")
    detector.establish_baseline(days=7)
    detector.generate_report(detector.detect_anomalies(threshold=2.0))
    assert "Baseline established" in capsys.readouterr().out
    document = built(anomalies(sources, HOUR)[0])
    detector.generate_report(document)
    assert f"Detected {len(document)} resources with performance anomalies" in capsys.readouterr().out


def test_the_command_prints_and_refuses(
    sources: QueryContext, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An empty project has nothing to judge, and says so; a wrong range is one line and exit code 2."""
    (tmp_path / "config.toml").write_text("[plimsoll]\n", encoding="utf-8")
    project = ["--project", str(tmp_path)]
    assert run(["anomalies", *project]) == 0
    assert "No resource is known yet." in capsys.readouterr().out
    assert run(["anomalies", *project, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(["anomalies", *project, "--time-range", "2h"]) == 2
    assert "timeRange" in capsys.readouterr().err
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "lake").symlink_to(sources.snapshot.root)
    as_of = ["--as-of", "2026-01-16T18:00:00Z", "--granularity", "15m"]
    assert run(["anomalies", *project, *as_of, "--time-range", "24h"]) == 0
    shown = capsys.readouterr().out
    assert "isolation forest" in shown.replace("\n", " ")
    assert "No reading since" in shown
    assert run(["backtest", "anomalies", *project, *as_of[:2]]) == 0
    assert "global_z" in capsys.readouterr().out
