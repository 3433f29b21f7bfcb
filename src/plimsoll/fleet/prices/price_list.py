"""The price of a resource, from the price file or the inventory, with the part that is committed to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from plimsoll.fleet.prices.sections import Commitment, Gpu, Head, OfType, One
from plimsoll.fleet.resources import Resource

HOURS_A_MONTH: Final = 730.0
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """An hour of a resource at list price, and the part of it that is committed to."""

    per_h: float
    currency: str = "USD"
    source: str = "the inventory"
    as_of: date | None = None
    share: float = 0.0
    until: date | None = None
    discount: float = 0.0
    stale_days: int | None = None

    @property
    def month(self) -> float:
        """A month at list price."""
        return self.per_h * HOURS_A_MONTH

    @property
    def free_month(self) -> float:
        """What could be saved of a month at most: the part that is not committed to."""
        return self.month * (1 - self.share)

    @property
    def origin(self) -> str:
        """Date and source, as amounts say it; empty for the inventory's."""
        if self.as_of is None:
            return ""
        old = f", {self.stale_days} days old" if self.stale_days is not None else ""
        return f"prices of {self.as_of.isoformat()}{old}, {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """The price file as it stands on a day; without one, the inventory's prices in dollars."""

    head: Head | None = None
    gpus: Mapping[str, Gpu] = field(default_factory=dict[str, Gpu])
    resources: Mapping[str, One] = field(default_factory=dict[str, One])
    types: Mapping[str, OfType] = field(default_factory=dict[str, OfType])
    commitments: Sequence[Commitment] = ()
    stale_after_s: float = 0.0
    on: date | None = None

    @property
    def currency(self) -> str:
        """Three letters."""
        return self.head.currency if self.head else "USD"

    def of(self, resource: Resource) -> Price | None:
        """The price of a resource: its own, the inventory's, that of its parts; None where a part has none."""
        own = self.resources.get(resource.resource_id)
        listed = own.per_h if own else None
        if listed is None and resource.price_usd_per_h is not None and self.currency == "USD":
            return self._committed(resource, Price(per_h=resource.price_usd_per_h))
        if listed is None:
            listed = self._of_parts(resource)
        if listed is None or self.head is None:
            return None
        age = (self.on - self.head.as_of).days if self.on else 0
        price = Price(
            per_h=listed,
            currency=self.head.currency,
            source=self.head.source,
            as_of=self.head.as_of,
            stale_days=age if age * _DAY > self.stale_after_s else None,
        )
        return self._committed(resource, price)

    def gpu(self, resource: Resource) -> Gpu | None:
        """The entry of the resource's GPU model: that of its region first, the longest name first."""
        label = resource.labels.get("gpu_model", "")
        named = [
            one
            for one in self.gpus.values()
            if one.region in ("", resource.region) and _names(one.model, label) and "," not in label
        ]
        return max(named, key=lambda one: (len(one.model), one.region != ""), default=None)

    def models(self, resource: Resource) -> list[Gpu]:
        """What may stand in its place: other models in its region whose memory and speed are given, cheapest first."""
        own = self.gpu(resource)
        others = [one for one in self.gpus.values() if one.region in ("", resource.region) and one != own]
        return sorted((one for one in others if one.memory_gb and one.performance), key=lambda one: one.per_h)

    def _of_parts(self, resource: Resource) -> float | None:
        fits = [t for t in self.types.values() if t.type == resource.type and t.region in ("", resource.region)]
        of_type = max(fits, key=lambda one: one.region != "", default=None)
        if of_type and of_type.per_replica_h is not None and resource.replicas_count:
            return of_type.per_replica_h * resource.replicas_count
        gpu = self.gpu(resource)
        if resource.gpu_count and gpu is None:
            return None
        parts = [(gpu.per_h if gpu else None, resource.gpu_count)]
        if of_type:
            parts += [
                (of_type.per_core_h, resource.cpu_count),
                (of_type.per_memory_gb_h, None if resource.memory_bytes is None else resource.memory_bytes / 1e9),
                (of_type.per_storage_gb_h, None if resource.storage_bytes is None else resource.storage_bytes / 1e9),
            ]
        known = [price * count for price, count in parts if price is not None and count]
        return sum(known) if known else None

    def _committed(self, resource: Resource, price: Price) -> Price:
        """With the largest commitment that covers it and has not ended."""
        covering = [
            one for one in self.commitments if (self.on is None or self.on <= one.until) and _covers(one, resource)
        ]
        if not covering:
            return price
        most = max(covering, key=lambda one: (one.share, one.until))
        return replace(price, share=most.share, until=most.until, discount=most.discount)


def _covers(commitment: Commitment, resource: Resource) -> bool:
    """Whether a commitment speaks of a resource; one that names nothing speaks of all."""
    if not (commitment.models or commitment.types or commitment.resources):
        return True
    label = resource.labels.get("gpu_model", "")
    return (
        any(_names(model, label) for model in commitment.models)
        or resource.type in commitment.types
        or resource.resource_id in commitment.resources
    )


def _names(model: str, label: str) -> bool:
    """Whether a label names the model: as whole words.

    >>> _names("h100", "NVIDIA H100 80GB HBM3"), _names("H100", "GH1000"), _names("A100", "A100-SXM4-80GB")
    (True, False, True)
    """
    return bool(re.search(rf"(?<![0-9a-z]){re.escape(model.lower())}(?![0-9a-z])", label.lower()))
