"""What Slurm's JSON says, whatever its version: a number may be `{"set", "infinite", "number"}`, a state a list.

GPUs are taken from the allocation (`gres/gpu=N` alone: a typed entry beside it repeats it), never from what was asked
for by node. Times are epoch seconds; 0 is "not yet". A steps' row of sacct is not a job and is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]
_TRES: Final = re.compile(r"(?:^|,)gres/gpu=(\d{1,9})(?:,|$)", re.ASCII)
_TYPED: Final = re.compile(r"(?:^|,)gres/gpu:([^=,]+)=(\d{1,9})(?!\d)", re.ASCII)
_GRES: Final = re.compile(r"gpu(?::[^:(,]+)?:(\d{1,9})(?!\d)", re.ASCII)
_TASKS: Final = re.compile(r"(?<![\d%:-])(\d{1,9})(?!\d)(?:-(\d{1,9})(?!\d))?(?::(\d{1,9})(?!\d))?", re.ASCII)
_LISTED: Final = re.compile(r"gres/gpu=(\d{1,9})(?!\d)", re.ASCII)
_MOST: Final = 1e15
"""No count and no instant is larger; what is has no meaning."""
DEMAND: Final = frozenset({"Resources", "Priority", "None", "", "QOSGrpGRES", "ReqNodeNotAvail", "Licenses"})
"""Reasons for which a job waits for room; every other one (a dependency, a hold, a time) is not demand."""
_UNUSABLE: Final = frozenset({"DOWN", "DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING", "MAINT", "NOT_RESPONDING"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, or one task of an array; a requeued job is another one with the same id and more restarts.

    The tasks of an array that wait are one row of squeue: `tasks` says how many they are.
    """

    id: str
    restarts: int
    state: str
    reason: str
    partition: str
    name: str
    user: str
    account: str
    gpus: int | None
    gpus_asked: int | None
    gpu_model: str
    nodes: int | None
    eligible_s: float | None
    start_s: float | None
    end_s: float | None
    limit_s: float | None = None
    tasks: int = 1

    @property
    def waits_for_room(self) -> bool:
        """Pending for want of room, not by its own wish."""
        return self.state == "PENDING" and self.reason in DEMAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node: its GPUs and processors, and how many are given away; unusable when it is down or drained."""

    name: str
    gpus: int
    gpus_used: int | None
    cpus: int | None
    cpus_used: int | None
    usable: bool


def num(value: Any) -> float | None:  # noqa: ANN401 - the versions differ in just this
    """A number as any version of Slurm writes it; unset, infinite and absurd ones are None.

    >>> num({"set": True, "infinite": False, "number": 3}), num("7"), num({"set": False, "number": 0})
    (3.0, 7.0, None)
    """
    if isinstance(value, Mapping):
        wrapped: Json = value  # pyright: ignore[reportUnknownVariableType]
        return num(wrapped.get("number")) if wrapped.get("set", True) and not wrapped.get("infinite") else None
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) <= _MOST else None


def gpus_of(tres: str) -> int | None:
    """GPUs of a trackable-resources text; None where nothing is allocated yet.

    >>> gpus_of("cpu=10,gres/gpu=4,gres/gpu:a100=4"), gpus_of("cpu=1"), gpus_of("gres/gpu:a100_3g.20gb=2"), gpus_of("")
    (4, 0, 2, None)
    """
    if not tres:
        return None
    if whole := _TRES.search(tres):
        return int(whole[1])
    return sum(int(count) for _, count in _TYPED.findall(tres))


def jobs(answer: Json) -> list[Job]:
    """The jobs of squeue, of slurmrestd, or of sacct."""
    return [_job(row) for row in _rows(answer, "jobs")]


def _job(row: Json) -> Job:
    if "time" in row and isinstance(row["time"], Mapping):
        return _ended(row)
    allocated = str(row.get("tres_alloc_str") or "")
    return Job(
        id=_identity(row.get("job_id"), row.get("array_job_id"), row.get("array_task_id")),
        restarts=int(num(row.get("restart_cnt")) or 0),
        state=_state(row.get("job_state")),
        reason=str(row.get("state_reason") or ""),
        partition=str(row.get("partition") or ""),
        name=str(row.get("name") or ""),
        user=str(row.get("user_name") or ""),
        account=str(row.get("account") or ""),
        gpus=gpus_of(allocated),
        gpus_asked=gpus_of(str(row.get("tres_req_str") or "")),
        gpu_model=_model(allocated),
        nodes=_whole(row.get("node_count")),
        eligible_s=_instant(row.get("eligible_time")),
        start_s=_instant(row.get("start_time")),
        end_s=_instant(row.get("end_time")),
        limit_s=_minutes(row.get("time_limit")),
        tasks=tasks_of(str(row.get("array_task_string") or "")),
    )


def tasks_of(listed: str) -> int:
    """How many tasks an array's list names; what is cut off with dots is not counted.

    >>> tasks_of("3-402%20"), tasks_of("1,4,10-20:5"), tasks_of("7,8,..."), tasks_of("")
    (400, 5, 2, 1)
    """
    return sum(len(range(int(a), int(b or a) + 1, int(step or 1) or 1)) for a, b, step in _TASKS.findall(listed)) or 1


def _ended(row: Json) -> Job:
    """A job row of sacct: its own shape, with lists for resources."""
    time, state, array, tres = (_part(row, name) for name in ("time", "state", "array", "tres"))
    allocated = [one for one in _list(tres.get("allocated")) if one.get("type") == "gres"]
    plain = [num(one.get("count")) or 0 for one in allocated if one.get("name") == "gpu"]
    typed = [num(one.get("count")) or 0 for one in allocated if str(one.get("name")).startswith("gpu:")]
    return Job(
        id=_identity(row.get("job_id"), array.get("job_id"), array.get("task_id")),
        restarts=int(num(row.get("restart_cnt")) or 0),
        state=_state(state.get("current")),
        reason=str(state.get("reason") or ""),
        partition=str(row.get("partition") or ""),
        name=str(row.get("name") or ""),
        user=str(row.get("user") or ""),
        account=str(row.get("account") or ""),
        gpus=int(plain[0] if plain else sum(typed)),
        gpus_asked=None,
        gpu_model="",
        nodes=_whole(row.get("allocation_nodes")),
        eligible_s=_instant(time.get("eligible")),
        start_s=_instant(time.get("start")),
        end_s=_instant(time.get("end")),
        limit_s=_minutes(time.get("limit")),
    )


def nodes(answer: Json) -> list[Node]:
    """The nodes, each once: by node up to 22.05 and from scontrol, grouped by what they have in later sinfo."""
    found = {one.name: one for one in _grouped(answer)} | {one.name: one for one in map(_node, _rows(answer, "nodes"))}
    return [found[name] for name in sorted(found)]


def _node(row: Json) -> Node:
    states = _states(row.get("state")) | _states(row.get("state_flags"))
    used = row.get("tres_used")
    total = gpus_of(str(row.get("tres") or "")) or _gres(row.get("gres")) or 0
    given = gpus_of(str(used)) if used else _gres(row.get("gres_used"))
    if given is None and (not total or num(row.get("alloc_cpus")) == 0):
        given = 0  # nothing is held where no processor is
    return Node(
        name=str(row.get("name") or row.get("hostname") or ""),
        gpus=total,
        gpus_used=given,
        cpus=_whole(row.get("cpus")),
        cpus_used=_whole(row.get("alloc_cpus")),
        usable=not states & _UNUSABLE,
    )


def _grouped(answer: Json) -> Iterator[Node]:
    for row in _rows(answer, "sinfo"):
        group, gres, cpus = (_part(row, name) for name in ("nodes", "gres", "cpus"))
        listed = group.get("nodes")
        names = [str(name) for name in listed] if isinstance(listed, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        states = _states(_part(row, "node").get("state"))
        total, used = num(cpus.get("total")), num(cpus.get("allocated"))
        each = max(1, len(names))
        for name in names:
            yield Node(
                name=name,
                gpus=_gres(gres.get("total")) or 0,
                gpus_used=_gres(gres.get("used")),
                cpus=int(total / each) if total is not None else None,
                cpus_used=int(used / each) if used is not None else None,
                usable=not states & _UNUSABLE,
            )


def _identity(job: Any, array: Any, task: Any) -> str:  # noqa: ANN401
    """`123`, or `123_4` for a task of an array."""
    parent, number = num(array), num(task)
    if parent and number is not None:
        return f"{parent:.0f}_{number:.0f}"
    return f"{num(job) or 0:.0f}"


def _state(value: Any) -> str:  # noqa: ANN401
    """The first state, without what is said of it (`CANCELLED by 1000`)."""
    first = value[0] if isinstance(value, list) and value else value  # pyright: ignore[reportUnknownVariableType]
    return str(first or "").split(" ")[0].upper()  # pyright: ignore[reportUnknownArgumentType]


def _states(value: Any) -> set[str]:  # noqa: ANN401
    words = value if isinstance(value, list) else [value] if value else []  # pyright: ignore[reportUnknownVariableType]
    return {str(word).upper().rstrip("*~#$@+!%^-") for word in words}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _model(tres: str) -> str:
    found = _TYPED.search(tres)
    return found[1] if found else ""


def _gres(value: Any) -> int | None:  # noqa: ANN401
    """GPUs of `gpu:a100:8(S:0-1)`; None where there is no such text."""
    text = str(value or "")
    listed = [int(count) for count in _LISTED.findall(text)] or [int(count) for count in _GRES.findall(text)]
    return sum(listed) if text else None


def _whole(value: Any) -> int | None:  # noqa: ANN401
    number = num(value)
    return None if number is None else int(number)


def _instant(value: Any) -> float | None:  # noqa: ANN401
    """Epoch seconds; 0 is not yet."""
    number = num(value)
    return number if number and number > 0 else None


def _minutes(value: Any) -> float | None:  # noqa: ANN401
    """Minutes as seconds; unset, zero and no limit are not known."""
    number = num(value)
    return 60 * number if number and number > 0 else None


def _part(row: Json, name: str) -> Json:
    found: Any = row.get(name)
    return found if isinstance(found, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]


def _list(value: Any) -> Sequence[Json]:  # noqa: ANN401
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def _rows(answer: Json, name: str) -> Sequence[Json]:
    return _list(answer.get(name))
