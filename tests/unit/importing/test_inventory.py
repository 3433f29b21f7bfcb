"""An import may say what things are: size, model, price; irregular sources have a step of their own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from plimsoll.cli import run
from plimsoll.errors import PlimsollError
from plimsoll.fleet.resources import Resource, resources_at
from plimsoll.importing.inventory import Inventory, said
from plimsoll.importing.mapping import FileMapping
from plimsoll.importing.run import import_file
from plimsoll.lake import Lake
from plimsoll.project import Project
from plimsoll.tables import RESOURCES

NOW = datetime(2026, 2, 1, tzinfo=UTC)
START = datetime(2026, 1, 10, tzinfo=UTC)


def known(lake: Lake) -> dict[str, Resource]:
    """The inventory."""
    rows = lake.snapshot().scan(RESOURCES).collect().rows(named=True)
    return {one.resource_id: one for one in resources_at(rows)}


def mapping(**inventory: object) -> FileMapping:
    """A file of two columns and whatever says more."""
    return FileMapping.model_validate(
        {
            "time": {"column": "t"},
            "resource": {"column": "host"},
            "values": {"busy": {"metric": "gpu_utilization_pct", "unit": "pct"}},
            "inventory": inventory,
        }
    )


def test_a_mapping_states_what_all_have_and_which_columns_say_more(tmp_path: Path) -> None:
    """Constants, sizes with units, labels; of a column the last value counts; a bad cell says nothing."""
    path = tmp_path / "x.csv"
    path.write_text(
        "t,host,busy,ram,model\n2026-01-10T00:00:00Z,a,5,512 GiB,H100\n2026-01-10T00:01:00Z,a,6,lots,\n"
        "2026-01-10T00:00:00Z,b,7,,A100\n2026-01-10T00:01:00Z,b,7,1024 GiB,A100\n"
    )
    columns = {"memory_bytes": {"column": "ram"}, "gpu_model": {"column": "model"}}
    stated = mapping(
        gpu_count=8, price_usd_per_h=25.5, storage_bytes="3 TB", labels={"owner": "vision"}, columns=columns
    )
    import_file(Lake(tmp_path / "lake"), path, stated, now=NOW, most_refused=0)
    found = known(Lake(tmp_path / "lake"))
    assert {(one.gpu_count, one.price_usd_per_h, one.storage_bytes) for one in found.values()} == {(8.0, 25.5, 3e12)}
    assert (found["a"].memory_bytes, found["b"].memory_bytes) == (512 * 2.0**30, 1024 * 2.0**30)
    assert found["a"].labels == {"owner": "vision", "gpu_model": "H100"}
    assert found["b"].labels["gpu_model"] == "A100"


def test_the_command_states_it_too(tmp_path: Path, project: Project) -> None:
    """`--fact name=value`, in any format; what it says counts before the mapping's."""
    path = tmp_path / "gpus.csv"
    path.write_text(
        "timestamp, index, utilization.gpu [%], power.draw [W]\n"
        "2026/01/10 00:00:00.000, 0, 50 %, 300.00 W\n2026/01/10 00:00:10.000, 0, 60 %, 310.00 W\n"
    )
    facts = ["gpu_count=8", "price_usd_per_h=30", "memory_bytes=2 TiB", "label.gpu_model=H100"]
    words = ["import", str(path), "--resource-id", "gpu-01", "--project", str(project.root)]
    assert run([*words, *(word for fact in facts for word in ("--fact", fact))]) == 0
    found = known(project.lake)["gpu-01"]
    assert (found.gpu_count, found.price_usd_per_h, found.memory_bytes) == (8.0, 30.0, 2.0**41)
    assert found.labels == {"gpu_model": "H100"}
    assert run([*words, "--fact", "gpu_cout=8"]) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gpu_cout=8", "did you mean gpu_count"),
        ("gpu_count", "write name=value"),
        ("gpu_count=eight", "is not a number"),
        ("memory_bytes=3 parsecs", "is not a number, nor one with a unit"),
        ("colour=red", "label.colour makes it a label"),
    ],
)
def test_a_fact_that_is_none_is_refused_by_name(text: str, why: str) -> None:
    """With what to write instead."""
    with pytest.raises(PlimsollError, match=why):
        said([text])


def test_a_mapping_with_impossible_facts_is_refused() -> None:
    """A negative count, a unit that cannot become bytes."""
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Inventory.model_validate({"gpu_count": -1})
    with pytest.raises(ValidationError, match='unit "w" cannot become memory_bytes'):
        Inventory.model_validate({"columns": {"memory_bytes": {"column": "x", "unit": "w"}}})


def test_an_irregular_source_has_the_step_that_nearly_all_of_its_readings_keep(tmp_path: Path) -> None:
    """Readings when something changes: steps of 1 to 9 minutes; a regular file with one hole keeps its step."""
    steps = [1, 7, 2, 9, 1, 1, 8, 3, 9, 2] * 20
    at, lines = START, ["t,host,busy"]
    for minutes in steps:
        lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},irregular,5")
        at += timedelta(minutes=minutes)
    regular = [START + timedelta(minutes=n) for n in range(60) if not 20 <= n < 40]
    lines += [f"{one:%Y-%m-%dT%H:%M:%SZ},regular,5" for one in regular]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    import_file(Lake(tmp_path / "lake"), tmp_path / "x.csv", mapping(), now=NOW, most_refused=0)
    found = known(Lake(tmp_path / "lake"))
    assert found["irregular"].interval_s == 9 * 60
    assert found["regular"].interval_s == 60
