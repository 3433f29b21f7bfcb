"""From the lake to the page: one cause on many resources is one line, one count, one entry in the evidence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from plimsoll.documents import detailed
from plimsoll.documents.evidence import FindingDetail
from plimsoll.documents.incidents import incidents_of
from plimsoll.lake import Lake
from plimsoll.publish.views import sections
from plimsoll.publish.views.report_input import ReportInput
from plimsoll.publish.views.situation import situation_of
from plimsoll.publish.views.verdict import judge
from plimsoll.publish.views.view import view
from plimsoll.queries.report import report as daily
from plimsoll.tables import RESOURCES, SAMPLES
from tests.reports import MADE, UNTIL, sources_of
from tests.situations import MOMENT

STEP = timedelta(minutes=15)
ROWS = 12 * 96
HIT = ("api-2", "api-0", "api-1", "api-4", "api-5", "api-7")


def fleet(root: Path, hit: Sequence[str], *, hours: float = 5) -> Lake:
    """Ten services at a steady load; those that are `hit` jump so many hours before the end, the first one first."""
    lake, rng = Lake(root), np.random.default_rng(5)
    stamps = pl.Series([UNTIL - STEP * (ROWS - n) for n in range(ROWS)], dtype=pl.Datetime("ms", "UTC"))
    for n in range(10):
        name = f"api-{n}"
        since = {"ts": stamps[0], "source": "test", "type": "endpoint", "interval_s": 900.0}
        lake.append(RESOURCES, [{**since, "resource_id": name, "name": name.upper()}], collector="test")
        values = 30 + rng.normal(0, 0.4, ROWS)
        if name in hit:
            begun = ROWS - round(hours * 4) - 2 * (name == hit[0])
            values[begun : begun + 8] += 25
        frame = pl.DataFrame({"ts": stamps, "resource_id": name, "device": "", "source": "test"})
        lake.append(SAMPLES, frame.with_columns(cpu_utilization_pct=values), collector="test")
    lake.compact(now=UNTIL, grace_s=0)
    return lake


def reported(root: Path, hit: Sequence[str]) -> ReportInput:
    """The daily report's input."""
    return daily(sources_of(fleet(root / "lake", hit)), MADE, parts=("anomalies",))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ReportInput:
    """Six of ten services at once."""
    return reported(tmp_path_factory.mktemp("incident"), HIT)


def test_one_cause_is_one_line_of_the_page(report: ReportInput) -> None:
    """Of the service that was first, with the number of the others; nothing else was unusual."""
    found = sections.unusual(report, situation_of(report), MOMENT.zone)
    assert found is not None
    (row,) = found.rows
    assert isinstance(row, sections.Unusual)
    assert row.resource == "API-2 and 5 more"
    assert row.why.startswith("6 resources, the same type; likely cause: API-2 (it began first). ")
    assert found.sentence == "1 found. Each against its own past."


def test_the_verdict_counts_it_once(report: ReportInput) -> None:
    """Six resources, one thing that happened."""
    situation = situation_of(report)
    (one,) = situation.incidents
    assert (one.id, sorted(one.resources)) == ("api-2", sorted(HIT))
    assert "API-2 and 5 more did something unlike the past at once" in judge(situation, MOMENT).facts
    assert view(report, document_sha256="").unusual is not None


def test_the_evidence_holds_all_of_it_and_every_member_says_which_it_belongs_to(report: ReportInput) -> None:
    """Beginning, end, size, first and strongest; the specification's document keeps an entry for each resource."""
    ((proof, detail),) = incidents_of(report.evidence)
    members = {
        one.subject: one for one, part in detailed(report.evidence, FindingDetail) if part.incident == proof.subject
    }
    assert set(detail.members) == set(members)
    assert proof.window.start == min(one.window.start for one in members.values())
    assert proof.window.end == max(one.window.end for one in members.values())
    assert members[detail.first].typed(FindingDetail).resource == "api-2"
    assert not detail.is_open
    assert proof.observed == 6.0
    assert {one.resource_id for one in report.anomalies or ()} == set(HIT)


def test_what_is_cut_is_counted(tmp_path: Path) -> None:
    """The weaker ones beyond the number asked for: on the page a number, in the evidence each of them."""
    whole = reported(tmp_path, ("api-3",))
    ((proof, detail),) = incidents_of(whole.evidence)
    cut = msgspec.structs.replace(detail, reported=False)
    hidden = [msgspec.structs.replace(proof, subject=f"inc-{n}", detail=cut) for n in range(6)]
    found = sections.unusual(replace(whole, evidence=[*whole.evidence, *hidden]), situation_of(whole), MOMENT.zone)
    assert found is not None
    assert found.sentence == "1 found. Each against its own past. 6 weaker ones are in evidence.json."
    assert detail.resources == ["api-3"]
