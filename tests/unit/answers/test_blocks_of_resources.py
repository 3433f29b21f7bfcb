"""However many resources are read at a time, the answers are the same; somebody who waits is told how far they are."""

from dataclasses import replace

import polars as pl
import pytest

from plimsoll.analysis.performance.standings import standings
from plimsoll.clock import Window
from plimsoll.config import Config
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.execution import Execution
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.queries.alerts import open_alerts
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies
from plimsoll.queries.baselines import learn
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.performance import performance
from plimsoll.simulator import Fleet
from plimsoll.tables import RESOURCES, SAMPLES
from plimsoll.tasks.learn_baselines import learn_baselines
from tests.clocks import OwnedClock
from tests.reports import UNTIL, lake_of, sources_of

FEW, MANY = 5, 1000


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> QueryContext:
    """Three days of twenty-four resources, with the incidents of a last day."""
    fleet = Fleet.build(resources=24, days=3, until=UNTIL, interval_s=600, devices=True)
    return sources_of(lake_of(fleet, tmp_path_factory.mktemp("blocks") / "lake"))


def by(sources: QueryContext, block: int) -> QueryContext:
    """The same lake, so many resources at a time."""
    settings = Execution.model_validate({"backend": "serial", "block_size": block})
    return replace(sources, config=Config({**sources.config.sections, "execution": settings}, sources.config.origins))


def test_performance_alerts_and_standings(sources: QueryContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums, exact quantiles, scores, alerts and every resource's strip."""
    lines, resources = sources.lines(), sources.resources()
    window = Window.back_from(sources.as_of, range_s=86_400, granularity_s=3600)
    query = PerformanceQuery(time_range="24h", granularity="15m")

    def told(block: int) -> tuple[object, ...]:
        monkeypatch.setattr("plimsoll.analysis.performance.readings.BLOCK", block)
        rows = sources.snapshot.scan(SAMPLES, start=window.start)
        stood = standings(rows, resources, lines, window=window, as_of=sources.as_of)
        return performance(sources, query), open_alerts(sources), stood

    assert told(FEW) == told(MANY)
    document, _ = performance(sources, query)
    assert len(document.resources) == 24
    assert document.alerts
    assert document.aggregated_metrics.gpu_utilization.p99


def test_optimization(sources: QueryContext) -> None:
    """Bottlenecks, advice, platform recommendations and evidence."""
    few, many = (optimization(by(sources, block), OptimizationQuery()) for block in (FEW, MANY))
    assert few == many
    assert any(resource.recommendations for resource in few[0].resources)


def test_baselines(sources: QueryContext) -> None:
    """Hours of the week, usual ranges and trends of every series."""
    few, (many,) = list(learn(by(sources, FEW))), list(learn(by(sources, MANY)))
    assert len(few) == 5
    for frames in (
        ([part.by_hour for part in few], many.by_hour),
        ([part.usual for part in few], many.usual),
        ([part.trends for part in few], many.trends),
    ):
        parts, whole = frames
        order = [name for name in ("resource_id", "device", "metric", "hour_of_week") if name in whole.columns]
        assert pl.concat(parts).sort(order).equals(whole.sort(order))


def test_learning_again_in_other_blocks_leaves_none_behind(project: Project, clock: OwnedClock) -> None:
    """What is kept of an instant is what was learnt last: no series twice."""
    fleet = Fleet.build(resources=12, days=3, until=UNTIL, interval_s=1800, devices=False)
    project.lake.append(RESOURCES, fleet.resources(), collector="t")
    for day in fleet.dates():
        project.lake.append(SAMPLES, fleet.day(day), collector="t")
    heights: list[int] = []
    for block in (FEW, MANY):
        settings = f'[plimsoll]\nname = "t"\n[execution]\nbackend = "serial"\nblock_size = {block}\n'
        (project.root / "config.toml").write_text(settings)
        learn_baselines(context(project, clock=clock, as_of=UNTIL))
        snapshot = project.lake.snapshot()
        kept = [snapshot.derived("baselines", name) for name in snapshot.partitions("baselines")]
        heights.append(sum(frame.height for frame in kept if frame is not None))
    assert heights[0] == heights[1] > 0


def test_who_waits_is_told(sources: QueryContext) -> None:
    """Block by block, of every long analysis."""
    heard: list[tuple[str, int, int]] = []

    def tell(what: str, done: int, blocks: int) -> None:
        heard.append((what, done, blocks))

    waiting = replace(by(sources, 12), on_progress=tell)
    anomalies(waiting, AnomaliesQuery(time_range="24h", granularity="1h"))
    optimization(waiting, OptimizationQuery())
    list(learn(waiting))
    assert heard == [(what, n, 2) for what in ("anomalies", "optimization", "baselines") for n in (1, 2)]
