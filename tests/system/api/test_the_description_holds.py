"""schemathesis over the published OpenAPI document: what is answered is what is described, whatever is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import demo_project, served

pytestmark = pytest.mark.system


@pytest.mark.long
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    """Status codes, content types, schemas, refusals of what the schema forbids.

    One check is left out: that whatever fits the schema is accepted. A granularity longer than the range fits it, and
    is refused by the specification; OpenAPI cannot say so.
    """
    fleet = demo_project(tmp_path / "project", config="[serve]\nrequests_per_minute = 100000\n")
    with served(tmp_path / "project", fleet) as service:
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "run"),
            *(f"http://127.0.0.1:{service.port}/openapi.json", "--max-examples", "8", "--seed", "1"),
            *("--exclude-checks", "positive_data_acceptance", "--request-timeout", "60"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
