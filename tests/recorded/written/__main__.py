"""Writes every described payload into `tests/recorded/expositions`."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.recorded.written import gpus, machines, servers
from tests.recorded.written.shapes import Family, payload

FOLDER = Path(__file__).parents[1] / "expositions"
_MADE: dict[str, tuple[tuple[str, ...], Callable[[str], list[Family]]]] = {
    "amd": (gpus.AMD, gpus.amd),
    "intel": (gpus.INTEL, gpus.intel),
    "nvidia_smi": (gpus.NVIDIA_SMI, gpus.nvidia_smi),
    "vllm": (servers.VLLM, servers.vllm),
    "sglang": (servers.SGLANG, servers.sglang),
    "tgi": (servers.TGI, servers.tgi),
    "triton": (servers.TRITON, servers.triton),
    "trtllm": (servers.TRTLLM, servers.trtllm),
    "node": (machines.NODE, machines.node),
    "blackbox": (machines.BLACKBOX, machines.blackbox),
    "kube": (machines.KUBE, machines.kube),
    "cadvisor": (machines.CADVISOR, machines.cadvisor),
    "ray": (machines.RAY, machines.ray),
    "dcgm": (tuple(gpus.DCGM), lambda release: list(gpus.DCGM[release].told())),
}


def described() -> Iterator[tuple[str, str]]:
    """(file's name, its text) of every payload."""
    for exporter, (releases, make) in _MADE.items():
        for release in releases:
            yield f"{exporter}-{release}.prom", payload(f"the documentation of {exporter} {release}", make(release))


if __name__ == "__main__":
    for name, text in described():
        (FOLDER / name).write_text(text, encoding="utf-8")
