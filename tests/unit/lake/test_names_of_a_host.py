"""A host that invents names is stopped at the door, by name, and alone."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from plimsoll.errors import LakeError
from plimsoll.lake import Lake
from plimsoll.lake.format.encoding import streaming
from plimsoll.lake.format.files import Files
from plimsoll.lake.shared.ingest import ingest_segment
from plimsoll.lake.shared.names import Names, of_names
from plimsoll.tables import SAMPLES
from tests.strangers import NOW, frame, named


def named_by(folder: Path, most: int = 5) -> Names:
    """What the door remembers, in a folder."""
    return Names(folder, most, timedelta(days=7), Files())


def of(*resources: str) -> pl.DataFrame:
    """A reading of each."""
    return pl.concat([frame(one, 1) for one in resources])


def test_more_names_than_a_host_may_have_are_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    """F43, B14: at the door, by the host's name; what it named before goes on, and so do other hosts."""
    lake, names = Lake(tmp_path / "lake"), named_by(tmp_path / "names")

    def sent(host: str, given: pl.DataFrame) -> bool:
        data = streaming(given)
        name = named(given, data, host=host)
        return ingest_segment(lake, "samples", name, data, host=host, resource_ids=(), now=NOW, names=names)

    assert sent("evil", of("a", "b", "c", "d"))
    with pytest.raises(LakeError, match=r'host "evil": 2 new resources and devices beside 4 .* allows 5'):
        sent("evil", of("a", "e", "f"))
    assert sent("evil", of("a", "e")), "one more is allowed"
    assert sent("evil", frame("a", 3)), "and what is known goes on"
    assert sent("good", of("x", "y", "z"))
    kept = lake.snapshot().scan(SAMPLES).collect()["resource_id"].unique().sort().to_list()
    assert kept == ["a", "b", "c", "d", "e", "x", "y", "z"]


def test_devices_count_like_resources_and_the_count_outlives_the_process(tmp_path: Path) -> None:
    """One resource with endless devices is the same attack; a restart is no new beginning."""
    given = of("a", "a", "a").with_columns(device=pl.Series(["g0", "g1", "g2"]))
    named_by(tmp_path, 3).admit("h", given, NOW)
    with pytest.raises(LakeError):
        named_by(tmp_path, 3).admit("h", of("a"), NOW)


def test_names_that_are_not_used_any_more_make_room(tmp_path: Path) -> None:
    """After [silence] unseen they do not count; before that they do; what is used all the time never ages."""
    names = named_by(tmp_path, 3)
    names.admit("h", of("a", "b", "c"), NOW)
    names.admit("h", of("a"), NOW + timedelta(days=6))
    with pytest.raises(LakeError):
        names.admit("h", of("d"), NOW + timedelta(days=7))
    names.admit("h", of("d", "e"), NOW + timedelta(days=8))
    with pytest.raises(LakeError):
        names.admit("h", of("f"), NOW + timedelta(days=8))


@pytest.mark.parametrize("source", ["declared.target.x", "host", "import.nab"])
def test_what_a_host_states_counts_for_ever(tmp_path: Path, source: str) -> None:
    """A stated name never ages out of the inventory; if it aged out of the count, names would grow without end."""
    names, own = named_by(tmp_path, 3), of("a", "b", "c").drop("device").with_columns(source=pl.lit(source))
    names.admit("h", own, NOW)
    names.admit("h", of("a").drop("device"), NOW + timedelta(days=1))
    for later in (8, 400):
        with pytest.raises(LakeError):
            names.admit("h", of("d"), NOW + timedelta(days=later))
        names.admit("h", own, NOW + timedelta(days=later))


@pytest.mark.parametrize("source", ["target.pods", "slurm.main", "backfill.prom"])
def test_what_only_labels_named_makes_room_in_the_inventory_too(tmp_path: Path, source: str) -> None:
    """Pods and jobs of last month do not stop those of today."""
    names, own = named_by(tmp_path, 3), of("a", "b", "c").drop("device").with_columns(source=pl.lit(source))
    names.admit("h", own, NOW)
    names.admit("h", of("d", "e", "f"), NOW + timedelta(days=8))
    assert of_names(tmp_path, NOW + timedelta(days=8)) == []


def test_what_was_refused_is_told_for_a_day(tmp_path: Path) -> None:
    """`plimsoll status` says which host, when and why; a damaged note or count stops nothing."""
    names = named_by(tmp_path, 1)
    with pytest.raises(LakeError):
        names.admit("evil", of("a", "b"), NOW)
    (line,) = of_names(tmp_path, NOW + timedelta(hours=23))
    assert "host evil" in line
    assert "[serve] names_per_host allows 1" in line
    assert of_names(tmp_path, NOW + timedelta(hours=25)) == []
    (tmp_path / "evil.json").write_text("{")
    (tmp_path / "evil.msgpack").write_bytes(b"\xc1")
    assert of_names(tmp_path, NOW) == []
    names.admit("evil", of("a"), NOW)
