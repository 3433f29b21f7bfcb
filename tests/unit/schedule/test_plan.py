"""A plan is read from a project whole, or not at all."""

import sys
import zoneinfo
from collections.abc import Iterator

import pytest

from plimsoll.errors import ConfigError
from plimsoll.project import Project
from plimsoll.schedule.plan import Plan
from plimsoll.schedule.schedules import Every, parse
from tests.schedules import write_job


def test_a_step_may_be_a_setting(project: Project) -> None:
    """`every collect.every` is as often as the config says."""
    write_job(project, "probe", "every collect.every", "pass")
    (project.root / "config.toml").write_text('[plimsoll]\n[collect]\nevery = "7s"\n', encoding="utf-8")
    assert Plan.load(project).stepping()["probe"] == Every(7.0)


@pytest.mark.parametrize(
    ("every", "minutes"), [("30s", 15), ("10s", 5), ("13s", 6), ("1s", 1), ("1h", 15), ("2s", 1), ("8s", 4)]
)
def test_a_job_may_come_after_so_many_of_a_setting(project: Project, every: str, minutes: int) -> None:
    """`after 30 collect.every`: so that compaction begins before 64 segments are open, however often is collected."""
    write_job(project, "probe", "after 30 collect.every", "pass")
    (project.root / "config.toml").write_text(f'[plimsoll]\n[collect]\nevery = "{every}"\n', encoding="utf-8")
    assert Plan.load(project).tasks["probe"].schedule == parse(f"cron */{minutes} * * * *")


@pytest.mark.parametrize(
    "schedule",
    ["after 30", "after x collect.every", "every collect.never", "every other.every", "noon", "cron 61 * * * *"],
)
def test_a_schedule_that_means_nothing_is_refused_with_its_file(project: Project, schedule: str) -> None:
    """One line: the file, its origin, what is allowed."""
    write_job(project, "probe", schedule, "pass")
    with pytest.raises(ConfigError, match=r"jobs/probe\.py \(project\): schedule .* is not a schedule"):
        Plan.load(project)


@pytest.fixture
def no_zone_data(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A slim image: neither the system's zone files nor the package."""
    for name in [one for one in sys.modules if one.startswith("tzdata.")]:
        monkeypatch.delitem(sys.modules, name)  # a test before may have read a zone from the package
    monkeypatch.setitem(sys.modules, "tzdata", None)
    path = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=path)


@pytest.mark.usefixtures("no_zone_data")
def test_missing_zone_data_names_the_package(project: Project) -> None:
    """F35: told at the start, with what to install."""
    text = f'[plimsoll]\nname = "{project.root}"\ntimezone = "Europe/Berlin"\n'  # settings of the same bytes are kept
    (project.root / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="install the Python package tzdata"):
        Plan.load(project)
