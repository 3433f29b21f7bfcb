"""Who there is: members of the six types in four regions, with capacities and prices, by name and number."""

import zlib
from dataclasses import dataclass, field
from typing import Final

_C, _E, _T, _A, _S, _N = "cluster", "endpoint", "training", "ai-service", "storage", "network"
_PATTERN: Final = (_C, _E, _S, _T, _A, _E, _C, _N, _E, _C, _T, _E)
REGIONS: Final = ("us-east-1", "us-west-2", "eu-west-1", "ap-southeast-1")
_GPUS: Final = {
    "h100": (700.0, 80e9, 4.1),
    "a100": (400.0, 80e9, 1.9),
    "h200": (700.0, 141e9, 4.9),
    "l40s": (350.0, 48e9, 1.0),
}
_ENDPOINTS: Final = (
    "llama-70b-chat",
    "code-34b",
    "rerank-v2",
    "embed-v3",
    "vision-13b",
    "mixtral-8x22b",
    "whisper-large",
)
_TRAINING: Final = ("train-pretrain", "train-sft", "train-dpo", "train-eval")
_SERVICES: Final = ("text-gen", "image-gen", "speech", "video-gen")
_STORAGE: Final = ("ckpt-store", "datasets-store", "artifacts-store", "scratch-store")
_NETWORK: Final = ("spine", "edge", "interconnect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One simulated resource. `watts` and `gpu_bytes` are of one GPU; capacities are None where it has none."""

    resource_id: str
    type: str
    region: str
    number: int
    labels: dict[str, str] = field(default_factory=dict[str, str])
    cpu_count: float | None = None
    memory_bytes: float | None = None
    gpu_count: int = 0
    watts: float = 0.0
    gpu_bytes: float = 0.0
    storage_bytes: float | None = None
    network_bits_per_s: float | None = None
    replicas: int = 0
    price_usd_per_h: float | None = None

    @property
    def key(self) -> int:
        """A stable number for this member's own chance."""
        return zlib.crc32(self.resource_id.encode())


def roster(count: int) -> list[Member]:
    """The members of a fleet of `count`; a larger fleet holds the smaller one."""
    numbers: dict[str, int] = {}
    members: list[Member] = []
    for position in range(count):
        kind = _PATTERN[position % len(_PATTERN)]
        number = numbers[kind] = numbers.get(kind, 0) + 1
        members.append(_MAKERS[kind](kind, number, REGIONS[(position * 7 + position // 12) % len(REGIONS)]))
    return members


def _accelerated(kind: str, number: int, region: str) -> Member:
    model = tuple(_GPUS)[(number - 1) % len(_GPUS)]
    watts, gpu_bytes, price = _GPUS[model]
    gpus = 8 if number % 3 else 4
    training = kind == "training"
    name = f"{_TRAINING[(number - 1) % 4]}-{number:03d}" if training else f"gpu-{model}-{number:03d}"
    return Member(
        resource_id=name,
        type=kind,
        region=region,
        number=number,
        labels={"gpu_model": model, "owner": ("research", "platform", "vision")[number % 3]},
        cpu_count=16.0 * gpus,
        memory_bytes=256e9 * gpus,
        gpu_count=gpus,
        watts=watts,
        gpu_bytes=gpu_bytes,
        price_usd_per_h=None if training else price * gpus,
    )


def _served(kind: str, number: int, region: str) -> Member:
    names = _ENDPOINTS if kind == "endpoint" else _SERVICES
    replicas = 2 + number % 5
    return Member(
        resource_id=f"{names[(number - 1) % len(names)]}-{(number - 1) // len(names) + 1:02d}",
        type=kind,
        region=region,
        number=number,
        labels={"owner": ("search", "assistant", "media")[number % 3], "gpu_model": "l40s"},
        cpu_count=8.0 * replicas,
        memory_bytes=64e9 * replicas,
        gpu_count=replicas,
        watts=350.0,
        gpu_bytes=48e9,
        replicas=replicas,
        price_usd_per_h=1.3 * replicas,
    )


def _stored(kind: str, number: int, region: str) -> Member:
    return Member(
        resource_id=f"{_STORAGE[(number - 1) % 4]}-{(number - 1) // 4 + 1:02d}",
        type=kind,
        region=region,
        number=number,
        labels={"owner": "platform"},
        storage_bytes=1e14 * (1 + number % 4),
        price_usd_per_h=2.5 * (1 + number % 4),
    )


def _linked(kind: str, number: int, region: str) -> Member:
    return Member(
        resource_id=f"{_NETWORK[(number - 1) % 3]}-{(number - 1) // 3 + 1:02d}",
        type=kind,
        region=region,
        number=number,
        labels={"owner": "platform"},
        network_bits_per_s=4e11,
    )


_MAKERS: Final = {
    "cluster": _accelerated,
    "training": _accelerated,
    "endpoint": _served,
    "ai-service": _served,
    "storage": _stored,
    "network": _linked,
}
