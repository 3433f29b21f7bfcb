"""A package that is installed beside Plimsoll adds what it declares, and one that is broken is refused by its name."""

import re
import sys
from collections.abc import Callable, Iterator
from importlib import invalidate_caches
from pathlib import Path

import numpy as np
import pytest

from plimsoll.analysis.advice.advise import assess
from plimsoll.analysis.advice.catalogue import advisers, answering
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule_files import built_in, rules
from plimsoll.analysis.bottlenecks.settings import rule_names, settings
from plimsoll.collectors.registry import every_collector
from plimsoll.errors import ConfigError
from plimsoll.extensions import declared, installed
from plimsoll.fleet.resources import Resource
from tests.shared import ROOT

CACHED = (declared, built_in, rule_names, settings, advisers, answering)
DOCUMENTED = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "howto" / "extend-it.md").read_text("utf-8"), re.DOTALL)
assert DOCUMENTED is not None
CODE = f"""{DOCUMENTED[1]}
from plimsoll import Advice, Adviser
ADVISER = Adviser(
    name="disperse", answers=frozenset({{"crowd"}}),
    advise=lambda window, bottleneck: Advice(
        priority="low", title="End some processes", description="Fewer processes.", estimate=None
    ),
)
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Installs a package as pip does: its module, and what it declares."""

    def put(name: str, entries: str, code: str = CODE) -> None:
        (tmp_path / f"{name}_code.py").write_text(code)
        sys.modules.pop(f"{name}_code", None)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entries)
        for cached in CACHED:
            cached.cache_clear()

    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    invalidate_caches()
    yield put
    monkeypatch.undo()
    for cached in CACHED:
        cached.cache_clear()


def window(processes: float) -> ResourceWindow:
    """A day of a cluster with so many processes."""
    resource = Resource(resource_id="a", name="a", type="cluster")
    return ResourceWindow(resource, {"processes_count": np.full(288, processes)}, 288, 300.0, 1.0)


def test_a_package_adds_a_rule_and_an_adviser(install: Callable[..., None]) -> None:
    """The rule is found, listed with its package, set by the config, and advised on."""
    install(
        "crowding", "[plimsoll.rules]\ncrowd = crowding_code:RULE\n[plimsoll.advisers]\nd = crowding_code:ADVISER\n"
    )
    rule = rules()["crowd"]
    assert (rule.origin, rule.built_in) == ("package crowding", False)
    assert "crowd" in settings().model_fields
    result = assess(window(900.0), rules())
    assert [top.rule for top, _ in result.bottlenecks] == ["crowd"]
    assert [one.title for one in result.advice] == ["End some processes"]
    assert assess(window(900.0), rules(given={"crowd": {"most": 1000.0}})).bottlenecks == []


@pytest.mark.parametrize(
    ("entries", "code", "says"),
    [
        (
            "crowd = bad_code:RULE",
            "1 / 0",
            "package bad: bad_code:RULE cannot be loaded (ZeroDivisionError",
        ),
        ("crowd = bad_code:RULE", "RULE = 3", "package bad: bad_code:RULE has the type int, not Rule"),
        ("crowds = bad_code:RULE", CODE, "package bad: the rule crowd is declared as crowds"),
        ("gpu_idle = bad_code:RULE", CODE, "package bad: a rule gpu_idle comes with Plimsoll; it needs another name"),
    ],
)
def test_a_broken_package_is_refused_by_its_name(
    install: Callable[..., None], entries: str, code: str, says: str
) -> None:
    """One line says which package, and what to do; nothing is skipped in silence."""
    install("bad", f"[plimsoll.rules]\n{entries}\n", code)
    with pytest.raises(ConfigError) as refused:
        rules()
    assert str(refused.value).startswith(says)


def test_two_packages_with_one_name_are_refused(install: Callable[..., None]) -> None:
    """Neither can be meant."""
    install("one", "[plimsoll.detectors]\nodd = one_code:RULE\n")
    install("two", "[plimsoll.detectors]\nodd = two_code:RULE\n")
    with pytest.raises(ConfigError, match="package one and package two: both add detectors odd; remove one"):
        installed("detectors")


def test_a_package_adds_a_collector(install: Callable[..., None]) -> None:
    """It has its own section in the config, as one of ours has."""
    code = (
        "from plimsoll import Collector\nfrom plimsoll.config import Section\n"
        "class Weather(Section):\n    enabled: bool = True\n"
        "COLLECTOR = Collector(settings=Weather, open=lambda settings, identity: None)\n"
    )
    install("weather", "[plimsoll.collectors]\nweather = weather_code:COLLECTOR\n", code)
    assert {"host", "gpu", "weather"} == every_collector().keys()
