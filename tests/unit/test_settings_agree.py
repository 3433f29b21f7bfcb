"""Settings that do not go together are refused in one line, before anything is done with them."""

import pytest

from plimsoll.errors import ConfigError
from plimsoll.execution import Execution
from plimsoll.project import Project

NAMED = '[plimsoll]\nname = "t"\n'
DASK = '[execution]\nbackend = "dask"\naddress = "tcp://10.0.0.5:8786"\n'
RAY = '[execution]\nbackend = "ray"\naddress = "10.0.0.5:6379"\n'
BUCKET, FOLDER = '[lake]\nuri = "s3://fleet/site-a"\n', '[lake]\nuri = "/mnt/fleet-lake"\n'


@pytest.mark.parametrize(("cluster", "on"), [(DASK, "dask"), (RAY, "ray")])
@pytest.mark.parametrize("lake", [BUCKET, FOLDER])
def test_a_cluster_cannot_have_this_machines_cache(project: Project, cluster: str, on: str, lake: str) -> None:
    """The place, both settings, and what to do instead."""
    (project.root / "config.toml").write_text(NAMED + cluster + lake)
    with pytest.raises(ConfigError) as refused:
        project.config()
    told = str(refused.value)
    assert told.startswith(f'config.toml:4: [execution] backend = "{on}" does not go with [lake] uri: ')
    assert 'use backend = "processes", or a lake in data/lake' in told
    assert "\n" not in told
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "on"),
    [
        (DASK, "dask"),
        (RAY, "ray"),
        (BUCKET, "auto"),
        (FOLDER + '[execution]\nbackend = "processes"\n', "processes"),
        (BUCKET + '[execution]\nbackend = "serial"\n', "serial"),
    ],
)
def test_each_by_itself_is_fine(project: Project, text: str, on: str) -> None:
    """A cluster with a lake that is here; a shared lake with the processors of this machine."""
    (project.root / "config.toml").write_text(NAMED + text)
    assert project.config().get("execution", Execution).backend == on
