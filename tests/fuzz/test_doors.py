"""Every door takes anything: whatever is written there is taken or refused in our own words, and nothing is kept of it.

Corpora are the words that each door knows, cut, doubled and mixed; `PLIMSOLL_TEST_MORE=1` draws hundreds of times as
many, `python -m tests.fuzz --minutes N` millions.
"""

import json
import math
import os
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plimsoll.api.parameters import performance_query
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import load as mapping_table
from plimsoll.collectors.slurm.answers import jobs, nodes
from plimsoll.collectors.slurm.rows import Span, of_ended, of_nodes, of_queue
from plimsoll.config import Layer, load
from plimsoll.errors import PlimsollError
from plimsoll.importing.mapping import FileMapping, read_mapping
from plimsoll.importing.run import import_file
from plimsoll.lake import Lake
from plimsoll.lake.sql import Bounds, ask
from plimsoll.project import sections
from plimsoll.tables import SAMPLES
from tests.fuzz import corpora
from tests.shared import ROOT

MORE: Final = 400 if os.environ.get("PLIMSOLL_TEST_MORE") == "1" else 1
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
KINDS: Final = sections()


def tries(count: int) -> settings:
    """So many examples, the same ones in each run unless more are asked for."""
    return settings(
        max_examples=count * MORE,
        deadline=None,
        derandomize=MORE == 1,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def refusal(door: Callable[[], object]) -> str:
    """The words in which a door refuses; empty where it takes what it is given. Any other exception passes."""
    try:
        door()
    except PlimsollError as error:
        return str(error) or "refused without a word"
    return ""


def mixed(*words: str) -> st.SearchStrategy[str]:
    """Words of a door, nonsense between them, in any order."""
    part = st.one_of(st.sampled_from(words), st.sampled_from(corpora.NOTHING), st.text(max_size=6))
    return st.lists(part, max_size=14).map("".join)


EXPOSITION: Final = mixed(*corpora.EXPOSITION)


@tries(50)
@given(EXPOSITION)
def test_an_exposition_is_read_or_refused(text: str) -> None:
    """What the scraper does not catch would cost the other targets: only ValueError, KeyError or TypeError leave it."""
    table = mapping_table("node")
    try:
        read = Mapper(table, interval_s=30, resource_of=lambda _: "r").read(
            parse(text, "", table.wanted), at_s=1.0, wall_s=1.7e9
        )
    except (FetchError, ValueError, KeyError, TypeError):
        return
    assert all(name in SAMPLES.names for values in read.readings.values() for name in values)


CONFIG: Final = mixed(*corpora.CONFIG)


@tries(150)
@given(CONFIG)
def test_a_config_is_taken_or_refused_in_one_line(text: str) -> None:
    """With the file's name, and no stack."""
    said = refusal(lambda: load([Layer("config.toml", text)], KINDS))
    assert "\n" not in said
    assert not said or said.startswith("config.toml:")


QUERY: Final = mixed(*corpora.QUERY)


@tries(300)
@given(st.one_of(QUERY.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=60)))
def test_a_question_is_understood_or_refused_by_name(query: bytes) -> None:
    """What is understood is within what is allowed; what is refused is one short line."""
    said = refusal(lambda: performance_query(query, ["mars-1"]).within_budget(100))
    assert "\n" not in said
    assert len(said) < 2_000


_RECORDED: Final = ROOT / "tests" / "recorded" / "slurm"
_ODD_VALUES: Final[tuple[object, ...]] = (
    None, True, "", "x", "inf", "nan", math.inf, math.nan, 10**400, -1, 1e300, [], {}, [None], [[1]], "\ud83d",
    {"set": True, "infinite": False, "number": math.inf}, {"number": {}}, "gres/gpu=" + "9" * 5_000, "gpu:" + "9" * 30,
    "1-" + "9" * 30, "gres/gpu:a=" + "9" * 5_000,
)  # fmt: skip


def _places(tree: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401 - JSON
    """Where there is a value in an answer, the answer itself left out; of a list its first entry."""
    found: Iterable[tuple[Any, Any]] = ()
    if isinstance(tree, dict):
        found = cast("dict[str, Any]", tree).items()
    elif isinstance(tree, list):
        entries: list[Any] = tree  # pyright: ignore[reportUnknownVariableType]
        found = enumerate(entries[:1])
    for key, value in found:
        yield (*at, key)
        yield from _places(value, (*at, key))


_ANSWERS: Final = {
    path.name: path.read_text(encoding="utf-8")
    for path in sorted(_RECORDED.glob("*.json"))
    if isinstance(json.loads(path.read_bytes()), dict)
}
_CHANGES: Final = [(name, at) for name, text in _ANSWERS.items() for at in _places(json.loads(text)) if at[0] != "meta"]


@pytest.mark.parametrize("value", _ODD_VALUES, ids=lambda value: f"{str(value)[:12]!a}")
def test_an_answer_of_slurm_with_one_odd_value_gives_numbers_or_nothing(value: object) -> None:
    """Nothing leaves it but numbers, wherever the value stands: one cluster's answer never costs another's rows."""
    for name, (*way, last) in _CHANGES:
        answer = json.loads(_ANSWERS[name])
        inside = answer
        for step in way:
            inside = inside[step]
        inside[last] = value
        queue, machines = jobs(answer), nodes(answer)
        found = [of_nodes(machines, queue), of_ended(queue, 60.0), of_queue(queue, Span(0.0, 60.0))]
        assert all(each is None or math.isfinite(each) for values in found for each in values.values()), (name, last)


@pytest.fixture(scope="module")
def file_mapping(tmp_path_factory: pytest.TempPathFactory) -> FileMapping:
    """A wide CSV file's."""
    path = tmp_path_factory.mktemp("map") / "map.toml"
    path.write_text(
        'time = { column = "at", zone = "UTC" }\nresource = { column = "host", type = "cluster" }\n'
        '[values]\ncpu = { metric = "cpu_utilization_pct", unit = "ratio" }\n'
    )
    return read_mapping(path)


CSV: Final = mixed(*corpora.CSV)


@tries(15)
@given(st.one_of(CSV.map(lambda text: "at,host,cpu\n" + text), CSV).map(lambda text: text.encode("utf-8", "replace")))
def test_a_file_is_brought_in_or_refused(
    tmp_path_factory: pytest.TempPathFactory, file_mapping: FileMapping, data: bytes
) -> None:
    """Rows that are none are counted or the file is refused in our words; what came in is a share of a processor."""
    folder = tmp_path_factory.mktemp("in")
    (folder / "x.csv").write_bytes(data)
    lake = Lake(folder / "lake")
    said = refusal(lambda: import_file(lake, folder / "x.csv", file_mapping, now=NOW, most_refused=100))
    assert "Traceback" not in said
    values = lake.snapshot().scan(SAMPLES).collect()["cpu_utilization_pct"].drop_nulls().to_list()
    assert all(0 <= value <= 100 for value in values)


SQL: Final = mixed(*corpora.SQL)


@tries(20)
@given(SQL)
def test_a_statement_is_answered_or_refused_and_writes_nothing(
    tmp_path_factory: pytest.TempPathFactory, statement: str
) -> None:
    """Whatever it says, the folder is as it was."""
    root = _lake(tmp_path_factory)
    before = _files(root)
    said = refusal(lambda: ask(Lake(root).snapshot(), statement, Bounds()))
    assert "Traceback" not in said
    assert _files(root) == before


_LAKES: dict[str, Path] = {}


def _lake(factory: pytest.TempPathFactory) -> Path:
    if "sql" not in _LAKES:
        _LAKES["sql"] = factory.mktemp("sql")
        keys = {"resource_id": "a", "device": "", "source": "t", "cpu_utilization_pct": 1.0}
        Lake(_LAKES["sql"]).append(SAMPLES, [{"ts": NOW - timedelta(minutes=1), **keys}], collector="t")
    return _LAKES["sql"]


def _files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _wrong_query(n: int) -> None:
    performance_query(f"timeRange={n}h&x{n}=1".encode(), [])


def _wrong_config(n: int) -> None:
    load([Layer("config.toml", f'[collect]\nevery = "{n}x"\n[k{n}]\n')], KINDS)


def _wrong_exposition(n: int) -> None:
    parse(f'node_load1{{a="{n}" 1\n', "", lambda _: True)


def _wrong_slurm(n: int) -> None:
    jobs({"jobs": [{"job_id": n, "tres_req_str": f"gres/gpu:m{n}=1"}]})


@pytest.mark.parametrize("door", [_wrong_query, _wrong_config, _wrong_exposition, _wrong_slurm])
def test_what_is_refused_is_forgotten(door: Callable[[int], None]) -> None:
    """Two hundred different refusals leave no memory behind: no cache grows with what strangers write."""

    def knocks(first: int, count: int) -> None:
        for n in range(first, first + count):
            try:
                door(n)
            except (PlimsollError, ValueError):
                continue

    knocks(0, 60)
    tracemalloc.start()
    try:
        knocks(1_000, 20)
        before = tracemalloc.get_traced_memory()[0]
        knocks(2_000, 200 * MORE)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000, f"{grown} bytes"


def test_the_corpora_reach_the_doors(file_mapping: FileMapping, tmp_path: Path) -> None:
    """What is right comes through: a fuzz target that only ever sees refusals proves nothing."""
    assert performance_query(b"timeRange=7d&metrics[]=cpu_utilization", []).time_range == "7d"
    assert load([Layer("config.toml", '[collect]\nevery = "30s"\n')], KINDS)
    assert parse("node_load1 1.5\n", "", lambda _: True).samples
    recorded = ROOT / "tests" / "recorded" / "slurm" / "squeue-24.05.json"
    assert jobs(json.loads(recorded.read_text(encoding="utf-8")))
    (tmp_path / "x.csv").write_text("at,host,cpu\n2026-05-01T10:00:00,b,0.25\n")
    import_file(Lake(tmp_path / "lake"), tmp_path / "x.csv", file_mapping, now=NOW, most_refused=0)
    assert Lake(tmp_path / "lake").snapshot().scan(SAMPLES).collect().height == 1
