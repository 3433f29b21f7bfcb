"""The command line starts quickly: what only some commands need is loaded by those commands."""

import subprocess
import sys

from tests.shared import ROOT

HEAVY = (
    "css_inline",
    "duckdb",
    "httpx2",
    "jinja2",
    "numpy",
    "polars",
    "prometheus_client",
    "sklearn",
    "smtplib",
    "starlette",
)


def test_no_heavy_library_is_loaded_at_start() -> None:
    """Collecting, too, begins here: its process must stay small."""
    code = f"import sys, plimsoll.cli; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert told.stdout.split() == []
