"""Blocks of resources: the same findings wherever they are analyzed."""

from dataclasses import replace
from typing import Any

import pytest

from plimsoll.config import Config
from plimsoll.errors import TemporaryError
from plimsoll.execution import Execution
from plimsoll.queries.anomalies import AnomaliesQuery, findings
from plimsoll.queries.context import QueryContext
from plimsoll.simulator import Fleet
from tests.reports import UNTIL, lake_of, sources_of

QUERY = AnomaliesQuery.parse(granularity="1h", time_range="24h")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> QueryContext:
    """Six days of twenty-one resources."""
    fleet = Fleet.build(resources=21, days=6, until=UNTIL, interval_s=1800, devices=False)
    return sources_of(lake_of(fleet, tmp_path_factory.mktemp("blocks") / "lake"))


def executed(sources: QueryContext, **settings: Any) -> QueryContext:  # noqa: ANN401 - settings by name
    """The same lake, analyzed in another way."""
    sections = {**sources.config.sections, "execution": Execution.model_validate(settings)}
    return replace(sources, config=Config(sections, sources.config.origins))


def test_processes_find_what_this_process_finds(sources: QueryContext) -> None:
    """Block by block, the same findings in the same order."""
    resources = sources.resources()
    alone = findings(executed(sources, backend="serial", block_size=8), resources, QUERY)
    together = findings(executed(sources, backend="processes", workers=2, block_size=8), resources, QUERY)
    assert alone == together
    assert alone.findings


def test_a_block_that_fails_is_no_calm_fleet(sources: QueryContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an answer is refused with the reason."""

    def broken(*_: object, **__: object) -> bytes:
        raise ValueError("no such bytes")

    monkeypatch.setattr("plimsoll.queries.anomalies.analyse_block", broken)
    with pytest.raises(TemporaryError, match="could not be analyzed: ValueError: no such bytes"):
        findings(executed(sources, backend="serial"), sources.resources(), QUERY)
