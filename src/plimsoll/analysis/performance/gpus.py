"""How GPUs were used: means by card, by resource and of the fleet. A reading that is missing counts for nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl

from plimsoll.documents.gpus import GpuFleet, GpuHost, GpuUse
from plimsoll.fleet.resources import Resource

_BUSY: Final = ("gpu_utilization_pct", "gpu_engine_active_pct")
_MEANS: Final = {
    "sm_active_pct": "gpu_sm_active_pct",
    "tensor_active_pct": "gpu_tensor_active_pct",
    "dram_active_pct": "gpu_dram_active_pct",
    "memory_pct": "gpu_memory_utilization_pct",
    "power_w": "gpu_power_w",
    "power_limit_w": "gpu_power_limit_w",
    "sm_clock_mhz": "gpu_sm_clock_mhz",
    "slowed_by_power_pct": "gpu_throttled_power_pct",
    "slowed_by_heat_pct": "gpu_throttled_thermal_pct",
    "slowed_by_hardware_pct": "gpu_throttled_hardware_pct",
}
_HOTTEST: Final = "gpu_temperature_c"
COLUMNS: Final = (*_BUSY, *_MEANS.values(), _HOTTEST)
_ALARMING_PCT: Final = 1.0


def gpu_use(samples: pl.LazyFrame, resources: Sequence[Resource]) -> GpuFleet:
    """The use of every GPU that was read.

    in: `samples` of one window with COLUMNS, rows of devices and of resources as a whole, in any order
    """
    cards = _cards(samples)
    busy = _hourly(samples)
    hosts = [host for resource in resources if (host := _host(resource, cards.get(resource.resource_id, {})))]
    missing = sum(int(one.gpu_count or 0) for one in resources if one.resource_id not in {h.resource_id for h in hosts})
    weights = {host.resource_id: (host.read, bool(host.cards)) for host in hosts}
    mean = _of_fleet(hosts)
    most = _busiest(busy, weights)
    return GpuFleet(
        hosts=sorted(hosts, key=_worst_first),
        unread=missing + sum(host.unread for host in hosts),
        busy_pct=mean,
        busiest_pct=None if mean is None or most is None else max(mean, most),
    )


def _read(samples: pl.LazyFrame) -> pl.LazyFrame:
    known = pl.any_horizontal(pl.col(COLUMNS).is_not_null())
    return samples.filter(known).with_columns(pl.coalesce(_BUSY).cast(pl.Float64).alias("busy"))


def _cards(samples: pl.LazyFrame) -> dict[str, dict[str, GpuUse]]:
    """Resource -> device ("" the resource as a whole) -> its means."""
    rows = (
        _read(samples)
        .group_by("resource_id", "device")
        .agg(
            pl.len().alias("samples"),
            pl.col("busy").mean().alias("busy_pct"),
            *(pl.col(column).cast(pl.Float64).mean().alias(name) for name, column in _MEANS.items()),
            pl.col(_HOTTEST).cast(pl.Float64).max().alias("temperature_c"),
        )
        .sort("resource_id", "device")
        .collect()
    )
    found: dict[str, dict[str, GpuUse]] = {}
    for row in rows.iter_rows(named=True):
        values = {name: _rounded(value) for name, value in row.items() if name != "resource_id"}
        found.setdefault(row["resource_id"], {})[row["device"]] = GpuUse(**values)
    return found


def _rounded(value: Any) -> Any:  # noqa: ANN401 - a cell of a row
    return round(value, 2) if isinstance(value, float) else value


def _host(resource: Resource, devices: Mapping[str, GpuUse]) -> GpuHost | None:
    """One resource; instances of a card are no cards, unless nothing else was read."""
    parts = {name: one for name, one in devices.items() if name}
    cards = [one for name, one in parts.items() if "." not in name and "/" not in name] or list(parts.values())
    cards = [one for one in cards if one.busy_pct is not None or one.power_w is not None or one.memory_pct is not None]
    whole = devices.get("")
    if not cards and (whole is None or (whole.busy_pct is None and whole.memory_pct is None)):
        return None
    count = int(resource.gpu_count) if resource.gpu_count else None
    return GpuHost(
        resource_id=resource.resource_id,
        name=resource.name,
        model=resource.labels.get("gpu_model", ""),
        count=count,
        whole=_of_cards(cards) if cards else _of_one(whole or GpuUse(device="", samples=0), count),
        cards=cards,
    )


def _of_cards(cards: Sequence[GpuUse]) -> GpuUse:
    """The mean of the cards; the hottest of their temperatures."""
    means = {name: _mean(getattr(card, name) for card in cards) for name in ("busy_pct", *_MEANS)}
    hottest = [card.temperature_c for card in cards if card.temperature_c is not None]
    return GpuUse(
        device="", samples=sum(card.samples for card in cards), temperature_c=max(hottest, default=None), **means
    )


def _of_one(whole: GpuUse, count: int | None) -> GpuUse:
    """Of a resource whose cards are not reported: watts are a sum, and of how many is known or they are left out."""

    def per_card(watts: float | None) -> float | None:
        return None if watts is None or not count else round(watts / count, 2)

    return replace(whole, power_w=per_card(whole.power_w), power_limit_w=per_card(whole.power_limit_w))


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 2) if known else None


def _hourly(samples: pl.LazyFrame) -> pl.DataFrame:
    """hour, resource_id, device, busy: the mean of each hour."""
    return (
        _read(samples)
        .filter(pl.col("busy").is_not_null())
        .group_by(pl.col("ts").dt.truncate("1h").alias("hour"), "resource_id", "device")
        .agg(pl.col("busy").mean())
        .sort("hour", "resource_id", "device")
        .collect()
    )


def _of_fleet(hosts: Sequence[GpuHost]) -> float | None:
    """The mean over all cards whose use is known, each as heavy as the other."""
    known = [(host.whole.busy_pct, host.read) for host in hosts if host.whole.busy_pct is not None]
    cards = sum(read for _, read in known)
    return round(sum(busy * read for busy, read in known) / cards, 2) if cards else None


def _busiest(busy: pl.DataFrame, weights: Mapping[str, tuple[int, bool]]) -> float | None:
    """The busiest hour of all cards together, in percent: GPU hours busy of GPU hours read."""
    hours: dict[Any, tuple[float, float]] = {}
    for hour, resource_id, device, share in busy.iter_rows():
        count, by_card = weights.get(resource_id, (0, False))
        weight = 1 if by_card and device else 0 if by_card or device else count
        if weight and "." not in device and "/" not in device:
            used, of = hours.get(hour, (0.0, 0.0))
            hours[hour] = (used + weight * share, of + weight)
    return round(max(used / of for used, of in hours.values()), 2) if hours else None


def _worst_first(host: GpuHost) -> tuple[bool, float, str]:
    """Slowed by heat or hardware first, then the least busy; unknown use comes last."""
    whole = host.whole
    slowed = max(whole.slowed_by_heat_pct or 0.0, whole.slowed_by_hardware_pct or 0.0) >= _ALARMING_PCT
    return (not slowed, whole.busy_pct if whole.busy_pct is not None else 200.0, host.resource_id)
