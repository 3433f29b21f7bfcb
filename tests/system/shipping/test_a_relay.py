"""A relay: a host that takes its neighbors' segments and ships one where many came."""

from pathlib import Path

import pytest

from plimsoll.api.tokens import Tokens
from plimsoll.cli import run
from plimsoll.clock import SystemClock
from plimsoll.project import Project, builtin_root
from plimsoll.tables import SAMPLES
from tests.services import listening
from tests.shared_lakes import expected, held, readings


def project_at(root: Path, config: str) -> Project:
    """A project with this config."""
    root.mkdir()
    (root / "config.toml").write_text(f"[plimsoll]\n{config}", encoding="utf-8")
    return Project(root, builtin_root())


@pytest.mark.slow
def test_segments_of_many_hosts_become_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hosts ship to the relay, the relay into the store, under its own name; the owner has every row once."""
    (tmp_path / "store").mkdir()
    place = f'[lake]\nuri = "{tmp_path / "store"}"\n'
    relay = project_at(tmp_path / "relay", f'{place}[ship]\ncollect_only = true\n[machine]\nid = "relay-1"\n')
    hosts = ("gpu-1", "gpu-2", "gpu-3")
    with listening(relay.root) as port:
        for name in hosts:
            token = Tokens(relay.data / "tokens.json").new(name, (f"ship:{name}",), SystemClock().now())
            monkeypatch.setenv("PLIMSOLL_SHIP_TOKEN", token)
            ways = f'[ship]\nto = "http://127.0.0.1:{port}"\n[machine]\nid = "{name}"\n'
            host = project_at(tmp_path / name, ways)
            host.lake.append(SAMPLES, readings(name, 0, 20), collector="x")
            assert run(["ship", "--project", str(host.root)]) == 0
            assert "1 segments" in capsys.readouterr().err
    spool = relay.spool
    assert spool is not None
    assert spool.waiting().segments == len(hosts)
    assert run(["ship", "--project", str(relay.root)]) == 0
    (arrived,) = (tmp_path / "store" / "samples").iterdir()
    assert "-relay_1-" in arrived.name
    owner = project_at(tmp_path / "owner", place).lake
    owner.compact(now=SystemClock().now())
    assert held(owner) == expected(hosts, 0, 20)
