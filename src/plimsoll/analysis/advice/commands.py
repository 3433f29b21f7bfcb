"""What to paste, for each target: Slurm, Kubernetes, vLLM. Nothing here is ever executed."""

import shlex
from typing import Final

from plimsoll.fleet.resources import Resource


def shell_quote(text: str) -> str:
    r"""A name as one word of a shell: it may come from anybody, and what is pasted is executed.

    >>> shell_quote("gpu-1"), shell_quote("a; reboot"), shell_quote("a" + chr(10) + "b")
    ('gpu-1', "'a; reboot'", "$'a\\nb'")
    """
    if text.isprintable():
        return shlex.quote(text)
    escaped = "".join(_escaped(one) for one in text)
    return f"$'{escaped}'"


def _escaped(one: str) -> str:
    if one in "\\'":
        return f"\\{one}"
    if one.isprintable():
        return one
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(one) or f"\\U{ord(one):08x}"


_SERVICES: Final = frozenset({"endpoint", "ai-service"})


def scale(resource: Resource, replicas: float, *, back: float | None = None) -> dict[str, str]:
    """So many replicas of a service, and for some hours only: `back` to how many. Nothing for a machine or a job."""
    if resource.type not in _SERVICES:
        return {}
    after = "" if back is None else f"   # afterwards: --replicas={back:g}"
    return {"kubernetes": f"kubectl scale {deployment(resource)} --replicas={replicas:g}{after}"}


def restart(resource: Resource) -> dict[str, str]:
    """A service's containers one after another; nothing for a machine or a job."""
    return {"kubernetes": f"kubectl rollout restart {deployment(resource)}"} if resource.type in _SERVICES else {}


def deployment(resource: Resource) -> str:
    """The service as Kubernetes knows it: its id is taken for the deployment's name."""
    return shell_quote(f"deployment/{resource.resource_id}")


def drain(resource: Resource, reason: str) -> dict[str, str]:
    """No new work on a machine; what runs on it may end. Nothing for a job or a service: neither is a node."""
    if resource.type != "cluster":
        return {}
    return {
        "slurm": f"scontrol update {shell_quote(f'nodename={resource.resource_id}')} state=drain "
        f"reason={shell_quote(reason)}",
        "kubernetes": f"kubectl cordon {shell_quote(resource.resource_id)}",
    }


def limits(resource: Resource, *, memory_bytes: float | None = None, cores: float | None = None) -> dict[str, str]:
    """Other limits of a service's containers, memory in whole mebibytes; nothing for a machine or a job."""
    if resource.type not in _SERVICES:
        return {}
    options = [
        f"memory={memory_bytes / 2**20:.0f}Mi" if memory_bytes else "",
        f"cpu={cores:g}" if cores else "",
    ]
    given = ",".join(one for one in options if one)
    return {"kubernetes": f"kubectl set resources {deployment(resource)} --limits={given}"} if given else {}
