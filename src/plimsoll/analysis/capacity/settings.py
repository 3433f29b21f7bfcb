"""`[capacity]`: what a pool is, what counts as busy, and how long things take to arrive."""

from typing import Annotated

from pydantic import AfterValidator, Field

from plimsoll.config import Duration, Section

POOL_KEYS = ("type", "region", "gpu_model", "group")
_DAY = 86400


def _key(name: str) -> str:
    if name not in POOL_KEYS:
        raise ValueError(f"is not what pools are made by; use some of: {', '.join(POOL_KEYS)}")
    return name


class Capacity(Section):
    """`[capacity]`: forecasts, days to the load line, dates to decide by."""

    history: Annotated[Duration, Field(ge=14 * _DAY, le=400 * _DAY)] = Field(
        "60d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how far back the forecasts look",
    )
    pool_by: tuple[Annotated[str, AfterValidator(_key)], ...] = Field(
        ("region", "gpu_model"), description="what makes resources one pool: type, region, gpu_model, group"
    )
    busy_quantile: float = Field(
        0.9, ge=0.5, le=1.0, description="a day's level is this quantile of its hours: what its busy hours need"
    )
    line_pct: float = Field(
        90.0, gt=0, le=100, description="the load line of a pool whose resources have none of their own"
    )
    delivery_gpus: Annotated[Duration, Field(ge=0, le=730 * _DAY)] = Field(
        "14d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="from the order of GPUs until they work",
    )
    delivery_replicas: Annotated[Duration, Field(ge=0, le=730 * _DAY)] = Field(
        "1d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="from the order of replicas until they answer",
    )
    delivery_cores: Annotated[Duration, Field(ge=0, le=730 * _DAY)] = Field(
        "7d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="from the order of machines until they work",
    )
    delivery_storage: Annotated[Duration, Field(ge=0, le=730 * _DAY)] = Field(
        "3d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="from the order of space until it can be filled",
    )
    review_interval: Annotated[Duration, Field(ge=0, le=366 * _DAY)] = Field(
        "7d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="time between two capacity reviews: what is not decided now is decided this much later",
    )
    cap_pct: float = Field(
        10.0, gt=0, lt=100, description="how much of its demand a pool could do without, for the choice to cap it"
    )
    gpus_step: int = Field(8, ge=1, description="GPUs are bought in multiples of this many")

    def delivery_days(self, unit: str) -> float:
        """Days from an order until it helps."""
        seconds: dict[str, float] = {
            "GPUs": self.delivery_gpus,
            "replicas": self.delivery_replicas,
            "cores": self.delivery_cores,
            "bytes": self.delivery_storage,
        }
        return seconds[unit] / _DAY
