"""One forecast for one resource and metric: rules, advice, room, pools, verdict, page, mail say the same time left.

Fleets are drawn with what climbs for hours after weeks of flat, what fills, what is emptied, and what is calm.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from plimsoll.analysis.robust import Floats
from plimsoll.documents.evidence import BottleneckDetail
from plimsoll.documents.time_left import TimeLeft, words
from plimsoll.lake import Lake
from plimsoll.metrics import document_name
from plimsoll.project import Project, builtin_root
from plimsoll.publish import formatting
from plimsoll.publish.views.capacity_view import capacity_view
from plimsoll.publish.views.report_input import Made, ReportInput
from plimsoll.publish.views.sections import Room
from plimsoll.publish.views.view import ReportView
from plimsoll.queries.capacity import CapacityQuery, capacity
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.report import capacity_review, report
from plimsoll.tables import RESOURCES, SAMPLES
from tests.unit.publish.test_one_truth_on_every_channel import shown

DAYS, EVERY_S = 20, 900
STEPS = DAYS * 86_400 // EVERY_S
MEMORY, SPACE = "memory_utilization_pct", "storage_utilization_pct"


class Drawn(NamedTuple):
    """What was planted on one resource."""

    metric: str
    row: Floats
    pace_per_hour: float | None


def leak(rng: np.random.Generator, *, shortest: float = 14, longest: float = 22) -> Drawn:
    """Flat for weeks, then straight up for some hours; still under 97 % at the end."""
    hours, flat = float(rng.uniform(shortest, longest)), float(rng.uniform(35, 55))
    pace = float(rng.uniform(14, 93 - flat)) / hours
    back = np.arange(STEPS, 0, -1) * EVERY_S / 3600
    rise = np.maximum(0.0, hours - back)
    return Drawn(MEMORY, flat + pace * rise + rng.normal(0, 0.2, STEPS), pace)


def filling(rng: np.random.Generator) -> Drawn:
    """A volume that fills by 1 to 8 points a day since 4 days or for ever, or is emptied each few days."""
    pace, back = float(rng.uniform(1, 8)), np.arange(STEPS, 0, -1) * EVERY_S / 86_400
    kind = int(rng.integers(3))
    if kind == 2:
        return Drawn(SPACE, 30 + pace * ((back[::-1] + 1.3) % 4.0) + rng.normal(0, 0.02, STEPS), None)
    since = 4.0 if kind else float(DAYS)
    rise = pace * np.minimum(since, 60 / pace) - pace * np.minimum(back, np.minimum(since, 60 / pace))
    return Drawn(SPACE, 25 + rise + rng.normal(0, 0.02, STEPS), pace / 24)


def calm(rng: np.random.Generator) -> Drawn:
    """Memory with a rhythm of the day."""
    at = np.arange(STEPS) * EVERY_S / 86_400
    return Drawn(MEMORY, 50 + 5 * np.sin(2 * np.pi * at) + rng.normal(0, 0.5, STEPS), None)


def fleet(seed: int, root: Path) -> tuple[QueryContext, dict[str, Drawn]]:
    """A lake of six resources, as of an instant that is no whole hour."""
    rng = np.random.default_rng(seed)
    makers: list[Callable[[np.random.Generator], Drawn]] = [
        leak,
        filling,
        partial(leak, shortest=22, longest=60),
        filling,
        filling,
        calm,
    ]
    end = datetime(2026, 5, 4, 7, tzinfo=UTC) + timedelta(minutes=int(rng.integers(0, 60)))
    start = end - timedelta(seconds=STEPS * EVERY_S)
    drawn = {f"r{n}": maker(rng) for n, maker in enumerate(makers)}
    lake = Lake(root)
    stamps = pl.Series([start + timedelta(seconds=EVERY_S * n) for n in range(STEPS)], dtype=pl.Datetime("ms", "UTC"))
    for name, one in drawn.items():
        space = {"storage_bytes": 1e13} if one.metric == SPACE else {}
        kind = "storage" if space else "endpoint"
        known = {"ts": start, "resource_id": name, "name": name, "type": kind, "source": "drawn", "interval_s": 900.0}
        lake.append(RESOURCES, [known | {"labels": "{}"} | space], collector="drawn")
        whole = {"resource_id": name, "device": "", "source": "drawn"}
        rows = pl.DataFrame({"ts": stamps, one.metric: one.row.clip(0, 100)}).with_columns(
            **{key: pl.lit(value) for key, value in whole.items()}
        )
        lake.append(SAMPLES, rows, collector="drawn")
    lake.compact(now=end, grace_s=0)
    if seed % 2:
        lake.keep_quarters(now=end, most=DAYS)
    return QueryContext(lake.snapshot(), Project(builtin_root(), builtin_root()).config(), end), drawn


def of_rules(made: ReportInput) -> Iterator[tuple[str, str, TimeLeft]]:
    """The forecasts that bottlenecks rest on."""
    for one in made.evidence:
        if isinstance(one.detail, BottleneckDetail) and one.detail.time_left is not None:
            yield one.detail.resource, document_name(one.unit), one.detail.time_left


@pytest.mark.parametrize("seed", range(4))
def test_all_parts_of_a_report_say_the_same_time_left(seed: int, tmp_path: Path) -> None:
    """Whatever climbs: one pace, one level now, one time, in each document and each sentence; never "> 60 days"."""
    sources, drawn = fleet(seed, tmp_path)
    made = report(sources, Made(version="1", at=sources.as_of, generation="1-0"))
    assert not made.failed
    assert made.capacity is not None
    rooms = {(one.resource_id, one.metric): one for one in made.capacity.resources}
    ruled = list(of_rules(made))
    assert ruled
    for name, metric, left in ruled:
        room = rooms[name, metric]
        assert room.time_left is not None
        assert (room.time_left.until_full, room.time_left.points_per_hour) == (left.until_full, left.points_per_hour)
        assert room.now == room.time_left.now == left.now == round(float(np.float32(drawn[name].row[-1])), 2)
        assert room.state in ("crosses", "over now")
        planted = drawn[name].pace_per_hour
        assert planted is not None
        assert left.points_per_hour == pytest.approx(planted, rel=0.15)
    for room in rooms.values():
        assert room.time_left is None or any((room.resource_id, room.metric) == one[:2] for one in ruled)
    _sentences(made, ruled)


def _sentences(made: ReportInput, ruled: list[tuple[str, str, TimeLeft]]) -> None:
    """What is read: each time in each channel is that of the forecast."""
    assert made.optimization is not None
    assert made.capacity is not None
    said = {one.resource_id: one for one in made.optimization.resources}
    seen, texts = shown(made)
    for name, metric, left in ruled:
        when = words(left.until_full.hours)
        bottleneck = next(b for b in said[name].bottlenecks or () if "points" in b.description)
        spoken = f"{bottleneck.description} {bottleneck.impact}"
        assert f"in {when}" in spoken or "now" in spoken
        assert f"{left.now:.0f} %" in spoken
        advice = " ".join(one.description for one in said[name].recommendations or ())
        assert not advice or f"in {when}" in advice or "now" in advice
        label = formatting.sentence_case(formatting.label(metric))
        for row in (one for one in _rows(seen) if one.resource == name and one.metric == label):
            assert "> 60" not in row.days
            assert left.full_pct == 85 or f"{left.full_pct:g}\u202f% in {when}" in row.days
    for text in texts.values():
        for found in re.findall(r"(r\d) reaches its [\w ]+ line in ([^.,;]+?(?: h|days?))\b", text):
            room = next(one for one in made.capacity.resources if one.resource_id == found[0] and one.crossing)
            assert room.crossing is not None
            assert found[1] == room.crossing.words()


def _rows(seen: ReportView) -> list[Room]:
    assert seen.room is not None
    return [one for one in seen.room.rows if isinstance(one, Room)]


def test_documents_asked_alone_say_the_same(tmp_path: Path) -> None:
    """The service makes each document by itself, of another window and of some resources: the forecast is the same."""
    sources, _ = fleet(7, tmp_path)
    fresh = QueryContext(sources.snapshot, sources.config, sources.as_of)
    rooms = {(r.resource_id, r.metric): r.time_left for r in capacity(fresh, CapacityQuery())[0].resources}
    again = QueryContext(sources.snapshot, sources.config, sources.as_of)
    for query in (
        OptimizationQuery(),
        OptimizationQuery(time_range="7d"),
        OptimizationQuery(resource_ids=("r0", "r2")),
    ):
        found = 0
        for one in optimization(again, query)[1]:
            if isinstance(one.detail, BottleneckDetail) and one.detail.time_left is not None:
                found += 1
                known = rooms[one.detail.resource, document_name(one.unit)]
                assert known is not None
                assert known.until_full == one.detail.time_left.until_full
        assert found


def test_the_review_says_of_a_volume_what_the_report_says(tmp_path: Path) -> None:
    """A pool of one volume is that volume: the same level now, the same hours to its line, in its row and its tile."""
    sources, _ = fleet(7, tmp_path)
    made = capacity_review(sources, Made(version="1", at=sources.as_of, generation="1-0"))
    rooms = {one.resource_id: one for one in made.document.resources}
    pools = [one for one in made.document.pools if one.time_left is not None]
    assert pools
    for pool in pools:
        room = rooms[pool.resources[0]]
        assert pool.now is not None
        assert (pool.now.percent, pool.crossing, pool.time_left) == (room.now, room.crossing, room.time_left)
    seen = capacity_view(made, document_sha256="0" * 64)
    soonest = made.document.summary.soonest
    assert soonest is not None
    first = next(one for one in made.document.pools if one.id == soonest.pool)
    assert first.crossing is not None
    tile = next(one for one in seen.tiles if one.label == "Soonest")
    assert f"{tile.value}{tile.unit}" == first.crossing.words()
