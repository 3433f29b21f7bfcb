"""Releases rename, rescale, drop and double families and labels: each change is read right, or the reading says so.

`PLIMSOLL_TEST_MORE=1` makes as many mutations as make ten thousand.
"""

import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.remarks import refuse_nothing, remarks
from tests.expositions import WALL_S, mapper

FILES = sorted((Path(__file__).parents[2] / "recorded" / "expositions").glob("*.prom"))
ROUNDS = 650 if os.environ.get("PLIMSOLL_TEST_MORE") == "1" else 30
LINE = re.compile(r"^(?P<name>[\w:]+?)(?P<suffix>_bucket|_sum|_count)?(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
UNITS = {"_seconds": ("_milliseconds", 1e3), "_bytes": ("_kilobytes", 1e-3), "_watts": ("_milliwatts", 1e3)}
COPIES = {"dcgm": "container", "vllm": "pid", "sglang": "pp_rank", "trtllm": "pid"}
Numbers = dict[tuple[str, str], dict[str, float]]


@dataclass
class Row:
    """A sample; `kind` is its family's."""

    name: str
    suffix: str
    labels: dict[str, str]
    value: float
    kind: str

    def text(self) -> str:
        """Its line."""
        told = ",".join(f'{key}="{value}"' for key, value in self.labels.items())
        return f"{self.name}{self.suffix}{{{told}}} {self.value!r}"


def rows(text: str) -> list[Row]:
    """The samples of a payload."""
    found: list[Row] = []
    kinds: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            kinds[name] = kind
        elif match := LINE.match(line):
            name, suffix = match["name"], match["suffix"] or ""
            if f"{name}{suffix}" in kinds:
                name, suffix = f"{name}{suffix}", ""
            labels = dict(re.findall(r'(\w+)="([^"]*)"', match["labels"] or ""))
            found.append(Row(name, suffix, labels, float(match["value"]), kinds.get(name, "untyped")))
    return found


def written(samples: list[Row], grown: float = 1.0) -> str:
    """The payload; counters and buckets have grown by a share."""
    families: dict[tuple[str, str], list[Row]] = {}
    for one in samples:
        grows = one.kind in ("counter", "histogram") or one.name.startswith("ray_serve_num")
        value = one.value * grown if grows else one.value
        families.setdefault((one.name, one.kind), []).append(Row(one.name, one.suffix, one.labels, value, one.kind))
    blocks = (
        "\n".join([f"# TYPE {name} {kind}", *(row.text() for row in ones)]) for (name, kind), ones in families.items()
    )
    return "\n".join(blocks) + "\n"


def rename(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """One family under another name."""
    name = chance.choice(sorted({one.name for one in samples}))
    new = chance.choice([f"{name}_now", name.replace("_", "_x_", 1), name[:-1], f"{name}2", name.upper() + "_V"])
    return [Row(new if s.name == name else s.name, s.suffix, s.labels, s.value, s.kind) for s in samples], name


def rescale(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """One family in another unit, which its new name says."""
    name = chance.choice(sorted({one.name for one in samples}))
    ending = next((unit for unit in UNITS if unit in name), "")
    new_unit, factor = UNITS.get(ending, ("_permille", 1e3))
    new = name.replace(ending, new_unit) if ending else name + new_unit
    changed = [Row(new, s.suffix, s.labels, s.value * factor, s.kind) if s.name == name else s for s in samples]
    return changed, name


def drop(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """One family is not told any more."""
    name = chance.choice(sorted({one.name for one in samples}))
    return [one for one in samples if one.name != name], name


def rename_label(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """One label of one family under another name."""
    return _label(samples, chance, lambda label: f"{label}_name")


def drop_label(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """One label of one family is not told any more."""
    return _label(samples, chance, lambda _: "")


def _label(samples: list[Row], chance: random.Random, new: Callable[[str], str]) -> tuple[list[Row], str]:
    name, label = chance.choice(
        sorted({(one.name, label) for one in samples for label in one.labels if label != "le"} or {("", "")})
    )
    changed: list[Row] = []
    for one in samples:
        labels = (
            {(new(key) if key == label else key): v for key, v in one.labels.items()}
            if one.name == name
            else one.labels
        )
        labels.pop("", None)
        changed.append(Row(one.name, one.suffix, labels, one.value, one.kind))
    return changed, f"{name}{{{label}}}"


def double(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """Some series told again."""
    return samples + [one for one in samples if chance.random() < 0.5], ""


MUTATIONS = (rename, rescale, drop, rename_label, drop_label, double)


def third(mapping: str, before: list[Row], after: list[Row]) -> tuple[Numbers, Read, str]:
    """A reading after two others of one target, and what is said of it."""
    one, table = mapper(mapping), load(mapping)
    for n in range(2):
        one.read(parse(written(before, 1 + n / 4), "", table.wanted), at_s=60 * n, wall_s=WALL_S + 60 * n)
    exposition = parse(written(after, 1.5), "", table.wanted)
    read = one.read(exposition, at_s=120, wall_s=WALL_S + 120)
    try:
        refuse_nothing(mapping, exposition, read)
        said = remarks(mapping, table, exposition, read, None) or ""
    except FetchError as error:
        said = str(error)
    return read.readings, read, said


def differing(right: Numbers, got: Numbers) -> list[str]:
    """Metrics that are lost, or that have another value."""
    return [
        f"{place}: {name}"
        for place, values in right.items()
        for name, value in values.items()
        if got.get(place, {}).get(name) != pytest.approx(value, rel=1e-6)
    ]


def wrong_units(right: Numbers, got: Numbers) -> list[str]:
    """Metrics that are read, but of another size: more than eight times as much, or less than an eighth."""
    return [
        f"{place}: {name} {value} instead of {right[place][name]}"
        for place, values in got.items()
        for name, value in values.items()
        if place in right and (was := right[place].get(name)) and value and not 1 / 8 < value / was < 8
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_change_of_an_exporter_is_silent_or_read_in_a_wrong_unit(path: Path) -> None:
    """Before it, or from the first reading on, where anything can be known of it: read right, or said."""
    mapping = path.stem.rpartition("-")[0].replace("dcgm-", "dcgm")
    mapping = "dcgm" if path.stem.startswith("dcgm") else mapping
    samples, chance = rows(path.read_text()), random.Random(path.stem)
    right, _, usual = third(mapping, samples, samples)
    assert right
    silent: list[str] = []
    wrong: list[str] = []
    for _ in range(ROUNDS):
        mutation = chance.choice(MUTATIONS)
        changed, what = mutation(samples, chance)
        upgraded, _, said = third(mapping, samples, changed)
        if differing(right, upgraded) and said == usual:
            silent.append(f"upgrade: {mutation.__name__} {what}: {differing(right, upgraded)}")
        wrong += [f"upgrade: {mutation.__name__} {what}: {one}" for one in wrong_units(right, upgraded)]
        fresh, _, said = third(mapping, changed, changed)
        if mutation is not drop and differing(right, fresh) and said == usual:
            silent.append(f"fresh: {mutation.__name__} {what}: {differing(right, fresh)}")
        wrong += [f"fresh: {mutation.__name__} {what}: {one}" for one in wrong_units(right, fresh)]
    assert sorted(set(silent)) == []
    assert sorted(set(wrong)) == []


def test_the_corpus_says_where_it_is_from() -> None:
    """Sixteen payloads, each written by us; none is told to be recorded."""
    assert len(FILES) == 16
    assert all("written by us" in path.read_text().splitlines()[0] for path in FILES)
