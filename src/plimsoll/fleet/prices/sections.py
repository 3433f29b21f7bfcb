"""The sections of a price file: what is said in it, in which bounds.

The file is TOML; every part is a section under a name of one's own:

    [list]                     # as_of, source, currency: said beside every amount
    [gpus.h100]                # model, region, per_h: one GPU
    [resources.gpu-h100-001]   # per_h: one resource, whatever it is made of
    [types.endpoint]           # type, region, per_replica_h, per_core_h, per_memory_gb_h, per_storage_gb_h
    [commitments.reserved]     # share of which models, types or resources, until when, at which discount

A price is never guessed: a resource with GPUs whose model has no price has none, and advice speaks of GPU-hours.
"""

import re
from datetime import date
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from plimsoll.config import Duration, Section
from plimsoll.config.engine import Name, ResourceType

_DAY: Final = 86_400


class Prices(Section):
    """`[prices]`: the price file."""

    file: Name = Field("", description="the price file, from the project's folder; empty: only the inventory's prices")
    stale_after: Annotated[Duration, Field(ge=_DAY, le=3650 * _DAY)] = Field(
        "180d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="prices that are older are said to be",
    )


def _currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError('is not a currency; write its three letters: "USD", "EUR"')
    return code


class Head(Section):
    """`[list]` of a price file."""

    as_of: date = Field(description="the day that these prices are of, 2026-01-31")
    source: Name = Field(min_length=1, description="where they are from: a contract, a list")
    currency: Annotated[str, AfterValidator(_currency)] = Field("USD", description="three letters")


class Gpu(Section):
    """`[gpus.NAME]`: one GPU of a model, or a slice of it."""

    model: Name = Field(min_length=1, description="as the label gpu_model says it, or a word of it: H100")
    region: Name = Field("", description="where it costs this; empty: everywhere")
    per_h: float = Field(gt=0, description="one of them, an hour, at list price")
    memory_gb: float | None = Field(None, gt=0, description="its memory, for advice on another model")
    performance: float | None = Field(None, gt=0, description="how fast it is on your work, in relation to the others")


class One(Section):
    """`[resources.ID]`: one resource."""

    per_h: float = Field(ge=0, description="the whole resource, an hour, at list price")


class OfType(Section):
    """`[types.NAME]`: what resources of a type are made of."""

    type: ResourceType = Field(description="cluster, endpoint, training, ai-service, storage or network")
    region: Name = Field("", description="where it costs this; empty: everywhere")
    per_replica_h: float | None = Field(None, ge=0, description="one replica with all that is in it")
    per_core_h: float | None = Field(None, ge=0, description="one processor core")
    per_memory_gb_h: float | None = Field(None, ge=0, description="a gigabyte of memory")
    per_storage_gb_h: float | None = Field(None, ge=0, description="a gigabyte of storage")


class Commitment(Section):
    """`[commitments.NAME]`: what is paid for whether it is used or not."""

    models: tuple[Name, ...] = Field((), description="GPU models that it covers")
    types: tuple[ResourceType, ...] = Field((), description="resource types that it covers")
    resources: tuple[Name, ...] = Field((), description="resources that it covers; all three empty: everything")
    share: float = Field(ge=0, le=1, description="the part of them that is committed to")
    until: date = Field(description="the last day of it")
    discount: float = Field(0.0, ge=0, lt=1, description="how much less the committed part costs")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.share == 0:
            raise ValueError("share = 0 commits to nothing; leave the section out")
        return self
