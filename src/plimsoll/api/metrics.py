"""`/metrics`: the service and the jobs behind it, in Prometheus' text format. A bounded number of series."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Final

from plimsoll.api.documents import ROUTES
from plimsoll.errors import PlimsollError
from plimsoll.ledger import Beat, Ledger, Run
from plimsoll.project.context import Context
from plimsoll.schedule.run_process import resident_bytes

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_OTHER: Final = "other"
_GROUPS: Final = {**ROUTES, "/": "page", "/healthz": "healthz", "/metrics": "metrics", "/openapi.json": "openapi"}


class Counts:
    """How many requests of each route ended with each status."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, int]] = Counter()

    def one(self, path: str, status: int) -> None:
        """Counts a request; paths that are no route are counted together."""
        folder = path.split("/")[1] if path.count("/") > 1 else ""
        route = _GROUPS.get(path) or (folder if folder in ("reports", "feeds", "v1") else _OTHER)
        with self._lock:
            self._counts[(route, status)] += 1

    def all(self) -> Mapping[tuple[str, int], int]:
        """The counts so far."""
        with self._lock:
            return dict(self._counts)


def exposition(context: Context, counts: Counts, jobs: Iterable[str], problems: Sequence[str] = ()) -> bytes:
    """The text: requests, memory, whether the project is well, and of each job its last good end and what it took."""
    lines = ["# TYPE plimsoll_requests_total counter"]
    lines += [
        f'plimsoll_requests_total{{route="{route}",status="{status}"}} {count}'
        for (route, status), count in sorted(counts.all().items())
    ]
    lines += ["# TYPE plimsoll_resident_memory_bytes gauge", f"plimsoll_resident_memory_bytes {_memory()}"]
    lines += ["# TYPE plimsoll_healthy gauge", f"plimsoll_healthy {int(not problems)}"]
    lines += ["# TYPE plimsoll_problems gauge", f"plimsoll_problems {len(problems)}"]
    ended, beats, known = _of_jobs(context.ledger, jobs)
    lines += ["# TYPE plimsoll_ledger_readable gauge", f"plimsoll_ledger_readable {known:d}"]
    lines.append("# TYPE plimsoll_job_last_success_timestamp_seconds gauge")
    times = {name: run.started.timestamp() + (run.seconds or 0.0) for name, run in ended.items()}
    times |= {name: beat.started.timestamp() for name, beat in beats.items() if not beat.failing}
    lines += [
        f'plimsoll_job_last_success_timestamp_seconds{{job="{name}"}} {at:.3f}' for name, at in sorted(times.items())
    ]
    lines.append("# TYPE plimsoll_job_last_duration_seconds gauge")
    lines += [
        f'plimsoll_job_last_duration_seconds{{job="{name}"}} {run.seconds:.3f}'
        for name, run in ended.items()
        if run.seconds is not None
    ]
    return ("\n".join(lines) + "\n").encode()


def _of_jobs(ledger: Ledger, jobs: Iterable[str]) -> tuple[dict[str, Run], dict[str, Beat], bool]:
    """The last good ends and beats; without them, and False, where the ledger cannot be read: the rest is exported."""
    try:
        ended = {name: run for name in sorted(jobs) if (run := ledger.last_ended(name)) is not None}
        return ended, ledger.beats(), True
    except PlimsollError:
        return {}, {}, False


def _memory() -> int:
    return resident_bytes(os.getpid())
