"""What the config declares leaves attempts in `collections` under the names by which `status` looks for them."""

from pathlib import Path

from plimsoll.collectors.declared import expected
from plimsoll.collectors.session import Collecting
from plimsoll.config.engine import Collect
from plimsoll.project import Project, builtin_root
from plimsoll.tables import COLLECTIONS
from tests.clocks import START

NOTHING_ANSWERS = """[plimsoll]
name = "d"
[collectors.host]
enabled = false
[collectors.gpu]
enabled = false
[targets.nodes]
urls = ["http://127.0.0.1:9/metrics", "http://localhost:9/metrics"]
mapping = "node"
[probes.shop]
url = "http://127.0.0.1:9/"
[slurm.alps]
squeue = ["false"]
sinfo = []
sacct = []
"""


def test_every_source_tells_of_its_attempt_by_the_name_that_is_expected(tmp_path: Path) -> None:
    """Also where nothing answers: an attempt that failed is an attempt."""
    (tmp_path / "config.toml").write_text(NOTHING_ANSWERS, encoding="utf-8")
    project = Project(tmp_path, builtin_root())
    collecting = Collecting(project.config())
    try:
        collecting.round(START, 1.0)
        collecting.flush(project.lake)
    finally:
        collecting.close()
    found = project.lake.snapshot().scan(COLLECTIONS).collect().select("source", "target").unique().rows()
    wanted = {(one.source, one.target) for one in expected(project.config())}
    assert {row for row in found if row[0] not in ("host", "nvml")} == wanted
    assert {one.every_s for one in expected(project.config())} == {
        project.config().get("collect", Collect).every,
        60.0,
    }
