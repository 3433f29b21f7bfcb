"""Releases rename, rescale, drop and double families and labels: each change is read right, or the reading says so.

`PLIMSOLL_TEST_MORE=1` makes more than ten thousand mutations of the whole corpus; the suite a few of each payload.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.payloads import FILES, Numbers, Row, mapping_of, rows, third

ROUNDS = 90 if os.environ.get("PLIMSOLL_TEST_MORE") == "1" else 4
UNITS = {"_seconds": ("_milliseconds", 1e3), "_bytes": ("_kilobytes", 1e-3), "_watts": ("_milliwatts", 1e3)}
COPIES = {"dcgm": ("container",), "vllm": ("pid", "worker_id"), "sglang": ("pp_rank", "pid"), "trtllm": ("pid",)}


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


def ending(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """One counter with `_total`, or without: releases and gateways differ in that."""
    names = sorted({one.name for one in samples if one.kind == "counter"}) or [""]
    name = chance.choice(names)
    new = name.removesuffix("_total") if name.endswith("_total") else f"{name}_total"
    return [Row(new if s.name == name else s.name, s.suffix, s.labels, s.value, s.kind) for s in samples], name


def add_label(samples: list[Row], chance: random.Random) -> tuple[list[Row], str]:
    """One family, or every one, with one more label whose value is the same everywhere."""
    name = chance.choice(["", *sorted({one.name for one in samples})])
    label = chance.choice(["cluster", "region", "namespace_name", "app_kubernetes_io_version", "job"])
    return [
        Row(s.name, s.suffix, {**s.labels, label: "x"} if name in ("", s.name) else s.labels, s.value, s.kind)
        for s in samples
    ], f"{name}{{{label}}}"


def copied(samples: list[Row], chance: random.Random, mapping: str = "") -> tuple[list[Row], str]:
    """Every gauge told once more by another looker: a process, a rank, a pod."""
    label = chance.choice(COPIES.get(mapping, ("",)))
    if not label:
        return samples, ""
    more = [Row(s.name, s.suffix, {**s.labels, label: "other"}, s.value, s.kind) for s in samples if s.kind == "gauge"]
    return samples + more, label


MUTATIONS = (rename, rescale, drop, rename_label, drop_label, double, ending, add_label, copied)


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
    mapping = mapping_of(path)
    samples, chance = rows(path.read_text(encoding="utf-8")), random.Random(path.stem)
    right, _, usual = third(mapping, samples, samples)
    assert right
    silent: list[str] = []
    wrong: list[str] = []
    for _ in range(ROUNDS):
        mutation = chance.choice(MUTATIONS)
        changed, what = copied(samples, chance, mapping) if mutation is copied else mutation(samples, chance)
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
