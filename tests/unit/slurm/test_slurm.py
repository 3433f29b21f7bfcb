"""Slurm by its own JSON: every version's shape, every way in which a command can fail (F49)."""

import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plimsoll.collectors.contract import Reading
from plimsoll.collectors.slurm import command
from plimsoll.collectors.slurm.answers import Node, gpus_of, jobs, nodes, num
from plimsoll.collectors.slurm.command import SlurmError, ask
from plimsoll.collectors.slurm.reader import SlurmReader
from plimsoll.collectors.slurm.rows import of_ended, of_nodes
from plimsoll.collectors.slurm.settings import Slurm
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES
from tests.clocks import START
from tests.shared import ROOT, shared_path

NOW = START  # 2026-01-16 18:00 UTC, 1768586400
RECORDED = ROOT / "tests" / "recorded" / "slurm"


def said(name: str) -> dict[str, Any]:
    """A recorded answer."""
    found: dict[str, Any] = json.loads((RECORDED / name).read_text())
    return found


def third_party(name: str) -> dict[str, Any]:
    """An answer of a real Slurm."""
    path = shared_path("data", "exposition", "third-party", "slurm", name)
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def cat(name: str) -> tuple[str, ...]:
    """A command that says what was recorded, whatever words come after it."""
    script = f"import sys; sys.stdout.write(open({str(RECORDED / name)!r}).read())"
    return (sys.executable, "-c", script)


def settings(**more: Any) -> Slurm:  # noqa: ANN401
    """A cluster that answers as recorded."""
    told = {"squeue": cat("squeue-24.05.json"), "sinfo": cat("sinfo-24.05.json"), "sacct": cat("sacct-24.05.json")}
    return Slurm.model_validate({**told, "deadline": "10s", **more})


def read(reader: SlurmReader, *, after_s: float = 0.0) -> Reading:
    """One whole round."""
    whole = Reading()
    until = time.monotonic() + 20
    while not whole.collections:
        assert time.monotonic() < until
        whole = reader.read(NOW + timedelta(seconds=after_s), 1000.0 + after_s)
    return whole


def test_a_cluster_its_partitions_and_its_jobs() -> None:
    """Version 24.05: who waits for room and who does not, how long, which GPUs; every row is fit for the lake."""
    reader = SlurmReader({"alps": settings(region="zrh")})
    came = read(reader)
    reader.close()
    for table, rows in ((SAMPLES, came.samples), (RESOURCES, came.resources), (COLLECTIONS, came.collections)):
        assert table.frame(rows).height == len(rows)
    whole = came.samples[0]
    assert whole["resource_id"] == "alps"
    assert {name: whole[name] for name in whole.keys() & set(_EXPECTED)} == _EXPECTED
    parts = {row["device"]: row for row in came.samples if row["device"]}
    assert {name: (row["queue_depth_count"], row["running_count"]) for name, row in parts.items()} == {
        "partition/cpu": (0.0, 1.0),
        "partition/gpu": (1.0, 2.0),
    }
    facts = {row["resource_id"]: row for row in came.resources}
    assert facts["alps"]["gpu_count"] == 28.0  # each node once, though two partitions list it; also what is drained
    assert facts.keys() == {"alps", "alps-job-900", "alps-job-901_4"}
    job = facts["alps-job-900"]
    assert (job["type"], job["gpu_count"], job["interval_s"], job["region"]) == ("training", 8.0, 60.0, "zrh")
    assert json.loads(job["labels"]) == {
        "owner": "vision", "user": "ada", "partition": "gpu", "job": "900", "cluster": "alps", "gpu_model": "a100",
        "restarts": "1",
    }  # fmt: skip
    assert "\x1b" not in job["name"]
    assert [(one["target"], one["ok"]) for one in came.collections] == [
        ("squeue", True), ("sinfo", True), ("sacct", True),
    ]  # fmt: skip


_EXPECTED = {
    "queue_depth_count": 1.0,
    "queue_held_count": 1.0,
    "running_count": 3.0,
    "gpus_allocated_count": 9.0,
    "queue_time_ms": 1000.0 * ((1768586390 - 1768585500) + (1768586370 - 1768586300)) / 2,
    "gpus_free_count": 8.0,  # four of g1 and of g2
    "gpus_stranded_count": 10.0,  # eight on the drained node, two on the one without a processor left
    "queue_fragmented_count": 1.0,  # six of one node wanted, four the most that one has
    "throughput_per_s": 2 / 600,
    "error_rate_pct": 50.0,
}


def test_a_job_that_has_gone_is_expected_no_longer(tmp_path: Path) -> None:
    """Also after a restart: what ran before is remembered."""
    reader = SlurmReader({"alps": settings()})
    read(reader)
    memory = json.loads(json.dumps(reader.memory(), default=str))
    reader.close()
    empty = tmp_path / "empty.json"
    empty.write_text('{"jobs": []}')
    again = SlurmReader({"alps": settings(squeue=(sys.executable, "-c", f"print(open({str(empty)!r}).read())"))})
    again.recall("nonsense")
    again.recall(memory)
    came = read(again, after_s=60)
    again.close()
    ended = {row["resource_id"]: row["interval_s"] for row in came.resources if row["type"] == "training"}
    assert ended == {"alps-job-900": None, "alps-job-901_4": None}
    assert came.samples[0]["gpus_allocated_count"] == 0.0


@pytest.mark.parametrize(
    ("name", "states", "gpus"),
    [
        ("rivosinc-squeue_out.json", ["RUNNING", "PENDING"], [0, None]),
        ("slurmrestd-jobs.json", ["RUNNING", "RUNNING", "COMPLETED"], [0, 0, 0]),
    ],
)
def test_the_shapes_of_21_08_and_22_05(name: str, states: list[str], gpus: list[int | None]) -> None:
    """Plain numbers and numbers in clothes, in one and the same answer."""
    found = jobs(third_party(name))
    assert [job.state for job in found] == states
    assert [job.gpus for job in found] == gpus
    assert all(job.id.isdigit() for job in found)


def test_a_dependency_is_no_demand() -> None:
    """Its reason says what a job waits for."""
    running, waiting = jobs(third_party("rivosinc-squeue_out.json"))
    assert (running.start_s, running.eligible_s) == (1684114921.0, 1684114900.0)
    assert (waiting.waits_for_room, waiting.eligible_s) == (False, None)


def test_nodes_of_21_08_and_22_05() -> None:
    """Down and drained ones are there, and unusable."""
    assert {one.name: one.usable for one in nodes(third_party("slurmrestd-nodes.json"))} == {
        "naboo145": False, "naboo146": False, "naboo147": True,
    }  # fmt: skip
    older = nodes(third_party("rivosinc-sinfo_out.json"))
    assert [(one.cpus, one.cpus_used, one.usable) for one in older] == [
        (64, 4, True), (64, 0, True), (64, 0, True), (64, 0, False),
    ]  # fmt: skip


def test_a_node_that_does_not_say_how_many_are_held_leaves_the_free_ones_unknown() -> None:
    """Not told is not none: of eight GPUs and an unknown number held, nobody knows how many are free."""
    told = Node(name="a", gpus=8, gpus_used=3, cpus=64, cpus_used=24, usable=True)
    silent = Node(name="b", gpus=8, gpus_used=None, cpus=64, cpus_used=24, usable=True)
    assert of_nodes([told], [])["gpus_free_count"] == 5
    assert of_nodes([told, silent], []) == {}
    held = [node.gpus_used for node in nodes({"nodes": [{"name": "c", "gres": "gpu:8", "alloc_cpus": 12}]})]
    idle = [node.gpus_used for node in nodes({"nodes": [{"name": "c", "gres": "gpu:8", "alloc_cpus": 0}]})]
    assert (held, idle) == ([None], [0])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (0, 0.0),
        ("", None),
        (True, None),
        ([], None),
        ({"set": True, "infinite": True, "number": 0}, None),
    ],
)
def test_a_number_is_a_number_or_unknown(value: object, expected: float | None) -> None:
    """Never a guess."""
    assert num(value) == expected


def test_typed_and_plain_gpus_are_not_added_up() -> None:
    """The typed entry repeats the plain one; two types without a plain one are two."""
    assert gpus_of("gres/gpu:a100=1,gres/gpu:h100=2") == 3
    assert gpus_of("billing=10,gres/gpu=1,gres/gpu:a100=1,node=1") == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "import sys; sys.stderr.write('slurm_load_jobs error: Unable to contact'); sys.exit(1)",
            "ended with 1: slurm_l",
        ),
        ("print('JobID|State')", "its answer is not JSON"),
        ("print('[1]')", "says list, not an object"),
        ("print('')", "its answer is not JSON"),
    ],
)
def test_a_command_that_fails_says_so(script: str, words: str) -> None:
    """In one line, with its own words."""
    with pytest.raises(SlurmError) as refused:
        ask((sys.executable, "-c", script), deadline_s=10)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_command_is_named() -> None:
    """With a question that helps."""
    with pytest.raises(SlurmError, match=r"no-such-squeue: cannot be run .* is Slurm installed here"):
        ask(("no-such-squeue", "--json"), deadline_s=1)


def test_broken_utf_8_costs_one_letter() -> None:
    """F49, B30: A job's name is anybody's."""
    script = r"""import sys; sys.stdout.buffer.write(b'{"jobs": [{"name": "\xff"}]}')"""
    assert ask((sys.executable, "-c", script), deadline_s=10)["jobs"][0]["name"] == "\ufffd"


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """The whole group: nobody is left behind."""
    child = tmp_path / "child"
    script = (
        "import subprocess, time, sys; p = subprocess.Popen(['sleep', '600']); "
        f"open({str(child)!r}, 'w').write(str(p.pid)); time.sleep(600)"
    )
    began = time.monotonic()
    with pytest.raises(SlurmError, match="gave no answer within 1 s"):
        ask((sys.executable, "-c", script), deadline_s=1)
    assert time.monotonic() - began < 10
    until = time.monotonic() + 5
    while _lives(int(child.read_text())):
        assert time.monotonic() < until
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except OSError:
        return False


def test_a_command_that_talks_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty megabytes of answer, or of complaint."""
    monkeypatch.setattr(command, "MOST_BYTES", 1 << 20)
    endless = "import sys\nwhile True: sys.{}.write('x' * 65536)"
    with pytest.raises(SlurmError, match="said more than 1 MiB"):
        ask((sys.executable, "-c", endless.format("stdout")), deadline_s=20, most_bytes=1 << 20)
    with pytest.raises(SlurmError, match="gave no answer within 1 s"):
        ask((sys.executable, "-c", endless.format("stderr")), deadline_s=1, most_bytes=1 << 20)


def test_the_environment_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of ours reaches the command; its language and zone are fixed."""
    monkeypatch.setenv("PLIMSOLL_SMTP_PASSWORD", "s3cret")
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    seen: Mapping[str, str] = ask((sys.executable, "-c", script), deadline_s=10)
    assert (seen["LC_ALL"], seen["TZ"]) == ("C", "UTC")
    assert "s3cret" not in json.dumps(seen)
    assert seen["PATH"] == os.environ["PATH"]


def test_one_that_fails_costs_only_its_own_rows() -> None:
    """Without sinfo nothing is said of free GPUs; the queue is known."""
    reader = SlurmReader({"alps": settings(sinfo=("no-such-sinfo",), sacct=())})
    came = read(reader)
    reader.close()
    assert [(one["target"], one["ok"]) for one in came.collections] == [("squeue", True), ("sinfo", False)]
    assert came.samples[0]["queue_depth_count"] == 1.0
    assert "gpus_free_count" not in came.samples[0]
    assert came.resources[0]["gpu_count"] is None


def test_how_much_of_their_limit_jobs_used() -> None:
    """A quarter of an hour, and one ended by its limit; failed ones and those without a limit do not count."""

    def row(job_id: int, state: str, minutes: int, limit: dict[str, Any] | None) -> dict[str, Any]:
        time_of = {"start": 1768580000, "end": 1768580000 + 60 * minutes, "limit": limit}
        return {"job_id": job_id, "state": {"current": [state]}, "time": time_of}

    hour = {"set": True, "infinite": False, "number": 60}
    ended = [row(1, "COMPLETED", 15, hour), row(2, "TIMEOUT", 61, hour), row(3, "FAILED", 1, hour)]
    endless = row(4, "COMPLETED", 500, {"set": True, "infinite": True, "number": 0})
    assert of_ended(jobs({"jobs": [*ended, endless]}), 600.0)["job_limit_used_pct"] == (25 + 100) / 2
    assert of_ended(jobs({"jobs": [endless]}), 600.0)["job_limit_used_pct"] is None
