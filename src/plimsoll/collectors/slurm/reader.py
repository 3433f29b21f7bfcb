"""The reader of Slurm clusters: each asks in the background, in its own time; a slow scheduler delays no other."""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from plimsoll.collectors.contract import Reading, Row, collection_row
from plimsoll.collectors.slurm import rows
from plimsoll.collectors.slurm.answers import Job, Json, Node, jobs, nodes
from plimsoll.collectors.slurm.command import SlurmError, ask, asked_in_utc
from plimsoll.collectors.slurm.ended import LATE_S, Ended
from plimsoll.collectors.slurm.rows import Span
from plimsoll.collectors.slurm.settings import Slurm
from plimsoll.errors import shown

_WAIT_S: Final = 0.5
_MOST_JOBS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Said:
    """What one command said, or why it said nothing."""

    answer: Json
    seconds: float
    failed: str | None = None


class Cluster:
    """One cluster: when it was asked last, and which jobs are known as resources."""

    def __init__(self, name: str, settings: Slurm) -> None:
        self.name, self.settings = name, settings
        self.resource = settings.resource or name
        self._asked: dict[str, float] = {}
        self._running: dict[str, Row] = {}
        self._fact: Row = {}
        self._behind = False
        self.ended = Ended(settings.sacct_every)

    @property
    def running_facts(self) -> dict[str, Row]:
        """The last reported facts of the running jobs."""
        return self._running

    def due(self, monotonic: float) -> list[str]:
        """Which commands are to be run now."""
        settings, every = self.settings, {"squeue": self.settings.every, "sinfo": self.settings.every}
        every["sacct"] = settings.sacct_every
        commands = {"squeue": settings.squeue, "sinfo": settings.sinfo, "sacct": settings.sacct}
        if self._behind:  # a pause of days is asked for day by day
            every["sacct"] = settings.every
        late = [n for n in commands if commands[n] and monotonic - self._asked.get(n, float("-inf")) >= every[n]]
        self._asked |= dict.fromkeys(late, monotonic)
        return late

    def ask(self, due: Sequence[str], now: datetime) -> dict[str, Said]:
        """Runs what is due; one that fails leaves its reason."""
        settings = self.settings
        window = self.ended.window(now.timestamp())
        sacct = asked_in_utc(settings.sacct, window.since_s - LATE_S, window.until_s) if settings.sacct else ()
        commands = {"squeue": settings.squeue, "sinfo": settings.sinfo, "sacct": sacct}
        return {name: _asked(commands[name], settings.deadline) for name in due}

    def reading(self, said: Mapping[str, Said], now: datetime) -> Reading:
        """The readings, the facts and the attempts of a round."""
        whole, until = Reading(), now.timestamp()
        good = {name: one.answer for name, one in said.items() if one.failed is None}
        known = nodes(good.get("sinfo", {}))
        values: rows.Values = {}
        if "squeue" in good:
            listed = jobs(good["squeue"])
            span = Span(until - self.settings.every, until)
            values |= rows.of_queue(listed, span) | rows.of_nodes(known, listed)
            whole.samples.extend(self._partitions(listed, span, now))
            whole.samples.extend(self._jobs(listed, span, now, whole.resources))
        if "sacct" in good:
            whole.samples.extend(self._ended(jobs(good["sacct"]), now, values))
        if values:
            whole.samples.insert(0, {**self._keys(now), "device": "", **values})
            whole.resources[:0] = self._changed_fact(now, known)
        whole.collections.extend(self._attempt(now, name, one, len(whole.samples)) for name, one in said.items())
        return whole

    def _ended(self, listed: Sequence[Job], now: datetime, values: rows.Values) -> list[Row]:
        """What ended up to now goes into `values`; what ended before, where it happened, into rows of its own."""
        earlier: list[Row] = []
        for until_s, found in self.ended.read(listed, self.ended.window(now.timestamp())):
            if until_s >= now.timestamp():
                values |= found
            else:
                at = datetime.fromtimestamp(until_s, UTC)
                earlier.append({**self._keys(at), "device": "", **found})
        self._behind = self.ended.is_behind(now.timestamp())
        return earlier

    def _partitions(self, listed: Sequence[Job], span: Span, now: datetime) -> list[Row]:
        return [
            {**self._keys(now), "device": f"partition/{name}", **rows.of_queue(ones, span)}
            for name, ones in rows.by_partition(listed).items()
            if name
        ]

    def _jobs(self, listed: Sequence[Job], span: Span, now: datetime, facts: list[Row]) -> list[Row]:
        """A reading of each running job; a new job is declared, one that has ended is expected no longer."""
        wanted = self.settings.jobs
        running = {
            self._job_id(job): job
            for job in listed
            if job.state == "RUNNING" and (wanted == "all" or (wanted == "gpu" and job.gpus))
        }
        kept = dict(sorted(running.items())[:_MOST_JOBS])
        gone = sorted(self._running.keys() - kept.keys())
        facts.extend({**self._running.pop(resource), "ts": now, "interval_s": None} for resource in gone)
        for resource in sorted(kept.keys() - self._running.keys()):
            self._running[resource] = self._job_fact(resource, kept[resource])
            facts.append({"ts": now, **self._running[resource]})
        return [
            {
                **self._keys(now),
                "resource_id": resource,
                "device": "",
                "gpus_allocated_count": float(job.gpus) if job.gpus is not None else None,
                "queue_time_ms": rows.of_queue([job], span)["queue_time_ms"],
            }
            for resource, job in kept.items()
        ]

    def _job_id(self, job: Job) -> str:
        """The id under which a GPU exporter's label `hpc_job` knows it too; a requeued job goes on as the same one."""
        return f"{self.resource}-job-{job.id}"

    def _job_fact(self, resource: str, job: Job) -> Row:
        details = {"owner": job.account or job.user, "user": job.user, "partition": job.partition, "job": job.id}
        labels = {**details, "cluster": self.resource, "gpu_model": job.gpu_model}
        labels["restarts"] = str(job.restarts) if job.restarts else ""
        return {
            "resource_id": resource,
            "source": f"slurm.{self.name}",
            "name": f"{shown(job.name)[:40]} ({job.id})" if job.name else resource,
            "type": "training",
            "region": self.settings.region or None,
            "labels": json.dumps({key: value for key, value in labels.items() if value}, sort_keys=True),
            "interval_s": self.settings.every,
            "gpu_count": float(job.gpus) if job.gpus is not None else None,
        }

    def _changed_fact(self, now: datetime, known: Sequence[Node]) -> list[Row]:
        """The cluster's fact, if it changed since it was last reported."""
        labels = self.settings.labels
        fact: Row = {
            "resource_id": self.resource,
            "source": f"slurm.{self.name}",
            "name": self.resource,
            "type": "cluster",
            "region": self.settings.region or None,
            "labels": json.dumps(labels, sort_keys=True) if labels else None,
            "interval_s": self.settings.every,
            **(
                rows.capacity_of(known)
                if known
                else {name: self._fact.get(name) for name in ("gpu_count", "cpu_count")}
            ),
        }
        if fact == self._fact:
            return []
        self._fact = fact
        return [{"ts": now, **fact}]

    def _keys(self, now: datetime) -> Row:
        return {"ts": now, "resource_id": self.resource, "source": f"slurm.{self.name}"}

    def _attempt(self, now: datetime, name: str, said: Said, made: int) -> Row:
        return collection_row(
            now, source=f"slurm.{self.name}", target=name, ok=said.failed is None, reason=said.failed,
            duration_s=said.seconds, rows=0 if said.failed else made,
        )  # fmt: skip


def _asked(command: Sequence[str], deadline_s: float) -> Said:
    began = time.monotonic()
    try:
        return Said(ask(command, deadline_s=deadline_s), time.monotonic() - began)
    except SlurmError as error:
        return Said({}, time.monotonic() - began, str(error))


class _Memory(msgspec.Struct):
    """What is remembered of one cluster."""

    running: dict[str, dict[str, Any]]
    ended: Any = None


class SlurmReader:
    """Every cluster of the config."""

    def __init__(self, clusters: Mapping[str, Slurm]) -> None:
        self._clusters = [Cluster(name, settings) for name, settings in sorted(clusters.items())]
        self._pool = ThreadPoolExecutor(max(1, len(self._clusters)), thread_name_prefix="slurm")
        self._running: dict[str, tuple[datetime, Future[dict[str, Said]]]] = {}

    def read(self, now: datetime, monotonic: float) -> Reading:
        """Starts what is due, hands over what is done; a reading carries the instant at which it was asked for."""
        for cluster in self._clusters:
            if cluster.name not in self._running and (due := cluster.due(monotonic)):
                self._running[cluster.name] = (now, self._pool.submit(cluster.ask, due, now))
        wait([running for _, running in self._running.values()], timeout=_WAIT_S)
        whole = Reading()
        for cluster in self._clusters:
            began, running = self._running.get(cluster.name, (now, None))
            if running is None or not running.done():
                continue
            del self._running[cluster.name]
            came = cluster.reading(running.result(), began)
            whole.samples.extend(came.samples)
            whole.collections.extend(came.collections)
            whole.resources.extend(came.resources)
        return whole

    def memory(self) -> dict[str, Any]:
        """Running jobs, and until when ended jobs were counted, saved so that a restart loses neither."""
        return {one.name: {"running": one.running_facts, "ended": one.ended.memory()} for one in self._clusters}

    def recall(self, memory: Any) -> None:  # noqa: ANN401 - it comes from a file
        """The jobs that the run before knew."""
        try:
            known = msgspec.convert(memory, dict[str, _Memory])
        except msgspec.ValidationError:
            return
        for cluster in self._clusters:
            if cluster.name in known:
                cluster.running_facts.update(known[cluster.name].running)
                cluster.ended.recall(known[cluster.name].ended)

    def close(self) -> None:
        """Waits for what is under way: it ends by its own deadline."""
        self._pool.shutdown(wait=True, cancel_futures=True)
