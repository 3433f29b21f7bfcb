"""The wheel carries what git tracks of the package and of the built-in project, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.house.checkout import tracked
from tests.shared import ROOT

SHIPPED = ("config.toml", "jobs/", "reports/templates/")


def test_the_wheel_is_the_git_list(tmp_path: Path) -> None:
    """A file that somebody forgot to add, or left lying, is noticed here and not by a user."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {name.removeprefix("src/") for name in tracked() if name.startswith("src/plimsoll/")}
    builtin = {f"plimsoll/_builtin/{name}" for name in tracked() if name.startswith(SHIPPED)}
    assert packed == package | builtin
