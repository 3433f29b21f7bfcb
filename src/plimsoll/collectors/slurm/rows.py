"""What a cluster's jobs and nodes mean, as readings: of the cluster, of each partition, of each running job."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from plimsoll.collectors.slurm.answers import Job, Node

Values = dict[str, float | None]
_FAILED = frozenset({"FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"})
_DONE = frozenset({"COMPLETED", "TIMEOUT"}) | _FAILED
_COUNTED = {
    "CANCELLED": "jobs_cancelled_count",
    "PREEMPTED": "jobs_preempted_count",
    "TIMEOUT": "jobs_timed_out_count",
    "NODE_FAIL": "jobs_node_failed_count",
    "OUT_OF_MEMORY": "jobs_out_of_memory_count",
}
_OVER = _DONE | _COUNTED.keys()


@dataclass(frozen=True, slots=True)
class Span:
    """Since when and until when (epoch seconds) something is counted."""

    since_s: float
    until_s: float

    def holds(self, at_s: float | None) -> bool:
        """Whether an instant lies in it; what is not yet does not."""
        return at_s is not None and self.since_s < at_s <= self.until_s

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.until_s - self.since_s


def of_queue(jobs: Sequence[Job], span: Span) -> Values:
    """Who waits for room, who waits for something else, who runs, and how long those waited that have begun."""
    running = [job for job in jobs if job.state == "RUNNING"]
    allocated = [job.gpus for job in running if job.gpus is not None]
    waited = [
        1000 * (job.start_s - job.eligible_s)
        for job in running
        if job.start_s is not None and job.eligible_s is not None and span.holds(job.start_s)
        if job.start_s >= job.eligible_s
    ]
    return {
        "queue_depth_count": float(sum(job.tasks for job in jobs if job.waits_for_room)),
        "queue_held_count": float(sum(job.tasks for job in jobs if job.state == "PENDING" and not job.waits_for_room)),
        "running_count": float(len(running)),
        "gpus_allocated_count": float(sum(allocated)) if allocated or not running else None,
        "queue_time_ms": sum(waited) / len(waited) if waited else None,
    }


def of_nodes(nodes: Sequence[Node], jobs: Sequence[Job]) -> Values:
    """GPUs that no job holds: those that a job can have, those that none can, and who waits though enough are free.

    Stranded is a free GPU of a node that is down or drained, or has no processor left. A job is fragmented out when all
    free GPUs together would do, but no node has as many as it wants of one.
    """
    known = [(node, node.gpus_used) for node in nodes if node.gpus and node.gpus_used is not None]
    if not known or len(known) < sum(node.gpus > 0 for node in nodes):
        return {}  # one node of which it is not known how many are held: how many are free is not known
    free = {node.name: max(0, node.gpus - in_use) for node, in_use in known}
    usable = {node.name: free[node.name] for node, _ in known if _takes_jobs(node)}
    total, largest = sum(usable.values()), max(usable.values(), default=0)
    fragmented = sum(
        job.tasks for job in jobs for asked, each in [_wants(job)] if asked and largest < each and asked <= total
    )
    return {
        "gpus_free_count": float(total),
        "gpus_stranded_count": float(sum(free.values()) - total),
        "queue_fragmented_count": float(fragmented),
    }


def _takes_jobs(node: Node) -> bool:
    full = node.cpus is not None and node.cpus_used is not None and node.cpus_used >= node.cpus
    return node.usable and not full


def _wants(job: Job) -> tuple[int, float]:
    """(GPUs, GPUs of each node) of a job that waits for room; none for every other."""
    if not job.waits_for_room or not job.gpus_asked:
        return 0, 0.0
    return job.gpus_asked, job.gpus_asked / max(1, job.nodes or 1)


def is_over(job: Job) -> bool:
    """Whether a job has ended, however it did."""
    return job.state in _OVER


def of_ended(jobs: Sequence[Job], seconds: float) -> Values:
    """How many of these jobs ended a second, and the share of them that failed; beside it each way of ending.

    What a person cancelled and what the scheduler preempted is neither work done nor a failure.
    """
    over = {(job.id, job.restarts, job.end_s): job for job in jobs if is_over(job)}.values()
    done = [job for job in over if job.state in _DONE]
    failed = sum(job.state in _FAILED for job in done)
    return {
        "throughput_per_s": len(done) / seconds if seconds > 0 else None,
        "error_rate_pct": 100 * failed / len(done) if done else None,
        "job_limit_used_pct": _limit_used(done),
        "jobs_ended_count": float(len(over)),
        **{metric: float(sum(job.state == state for job in over)) for state, metric in _COUNTED.items()},
    }


def _limit_used(ended: Iterable[Job]) -> float | None:
    """The mean run time in percent of the limit, of jobs that ran to their end or to their limit."""
    used = [
        min(100.0, 100 * (job.end_s - job.start_s) / job.limit_s)
        for job in ended
        if job.state in ("COMPLETED", "TIMEOUT") and job.limit_s and job.start_s is not None and job.end_s is not None
        if job.end_s >= job.start_s
    ]
    return sum(used) / len(used) if used else None


def by_partition(jobs: Sequence[Job]) -> Mapping[str, list[Job]]:
    """Jobs by the partition they run or wait in; one that names several waits in the first."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.partition.split(",")[0], []).append(job)
    return dict(sorted(found.items()))


def capacity_of(nodes: Sequence[Node]) -> Values:
    """What the cluster has, whatever its state."""
    cpus = [node.cpus for node in nodes if node.cpus is not None]
    return {
        "gpu_count": float(sum(node.gpus for node in nodes)) if nodes else None,
        "cpu_count": float(sum(cpus)) if cpus else None,
    }
