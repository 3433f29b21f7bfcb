"""The GPUs of the fleet in words: how many of which model, how busy, and what slowed them down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from plimsoll.documents.gpus import GpuFleet, GpuHost, GpuUse
from plimsoll.publish import formatting

MOST_HOSTS: Final = 12
MOST_CARDS: Final = 16
_APART_PCT: Final = 15.0
_HOTTER_C: Final = 8.0
_SLOWED_PCT: Final = 1.0
_WORKS_PCT: Final = 80.0
_AT_LIMIT: Final = 0.95


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One resource with GPUs (`is_card` false), or one of its cards."""

    name: str
    full_name: str
    what: str
    busy: str
    sm: str
    tensor: str
    bandwidth: str
    memory: str
    power: str
    temperature: str
    clock: str
    slowed: str
    is_card: bool


@dataclass(frozen=True, slots=True)
class GpuSection:
    """The section; `unknown` says which numbers were not reported."""

    rows: Sequence[GpuRow]
    sentence: str
    unknown: str
    more: int = 0
    failed: str = ""


def gpu_section(fleet: GpuFleet | None, failed: str) -> GpuSection | None:
    """None where no resource has a GPU."""
    if failed:
        text = f"This section could not be made: {failed}. The rest of the report is complete."
        return GpuSection([], "", "", failed=text)
    if fleet is None or not (fleet.hosts or fleet.unread):
        return None
    shown = fleet.hosts[:MOST_HOSTS]
    every_card = fleet.count <= MOST_CARDS
    rows = [row for host in shown for row in _rows(host, every_card=every_card)]
    return GpuSection(rows, _sentence(fleet), _unknown(fleet), len(fleet.hosts) - len(shown))


def _rows(host: GpuHost, *, every_card: bool) -> Iterator[GpuRow]:
    model = formatting.name(host.model) if host.model else "model unknown"
    known = host.count or len(host.cards)
    count = f"{known} × {model}" if known else model
    what = f"{count}, {host.unread} not read" if host.unread else count
    yield _row(host, host.whole, what, is_card=False)
    if len(host.cards) > 1:
        for card in host.cards:
            if every_card or _is_apart(card, host.whole):
                yield _row(host, card, formatting.name(card.device), is_card=True)


def _is_apart(card: GpuUse, whole: GpuUse) -> bool:
    """Whether a card stands out among those of its resource."""
    slowed = max(card.slowed_by_heat_pct or 0.0, card.slowed_by_hardware_pct or 0.0) >= _SLOWED_PCT
    busy, usual = card.busy_pct, whole.busy_pct
    hot = (
        card.temperature_c is not None
        and whole.temperature_c is not None
        and card.temperature_c == whole.temperature_c
        and (card.temperature_c or 0.0) >= 80 + _HOTTER_C
    )
    return slowed or hot or busy is None or (usual is not None and abs(busy - usual) > _APART_PCT)


def _row(host: GpuHost, use: GpuUse, what: str, *, is_card: bool) -> GpuRow:
    return GpuRow(
        name=formatting.name(host.name),
        full_name=formatting.visible(host.name),
        what=what,
        busy=_share(use.busy_pct),
        sm=_share(use.sm_active_pct),
        tensor=_share(use.tensor_active_pct),
        bandwidth=_share(use.dram_active_pct),
        memory=_share(use.memory_pct),
        power=_power(use),
        temperature=formatting.amount(use.temperature_c, "gpu_temperature_c"),
        clock=formatting.amount(use.sm_clock_mhz, "gpu_sm_clock_mhz"),
        slowed=_slowed(use),
        is_card=is_card,
    )


def _share(value: float | None) -> str:
    return formatting.UNKNOWN if value is None else formatting.percent(value)


def _power(use: GpuUse) -> str:
    drawn = formatting.amount(use.power_w, "gpu_power_w")
    return drawn if use.power_limit_w is None else f"{drawn} of {formatting.number(use.power_limit_w)}"


def _slowed(use: GpuUse) -> str:
    """Why its clocks were lowered; a card at its power limit that is busy works as it should."""
    causes = (use.slowed_by_heat_pct, use.slowed_by_hardware_pct, use.slowed_by_power_pct)
    if all(cause is None for cause in causes):
        return "unknown"
    heat, hardware, power = (cause or 0.0 for cause in causes)
    parts = [
        f"{what} {formatting.percent(share)} of the time"
        for what, share in (("heat", heat), ("hardware", hardware))
        if share >= _SLOWED_PCT
    ]
    if power >= _SLOWED_PCT:
        at_limit = (use.power_w or 0.0) >= _AT_LIMIT * (use.power_limit_w or 1e9)
        works = at_limit and (use.busy_pct or 0.0) >= _WORKS_PCT
        share = f"power limit {formatting.percent(power)} of the time"
        parts.append("at its power limit, works fully" if works else share)
    return "; ".join(parts) or "no"


def _sentence(fleet: GpuFleet) -> str:
    models = sorted({host.model for host in fleet.hosts if host.model})
    count = formatting.plural(fleet.count, "GPU")
    kind = f", {formatting.name(models[0])}" if len(models) == 1 else f" of {len(models)} models" if models else ""
    unread = f" {fleet.unread:,} more {'was' if fleet.unread == 1 else 'were'} not read." if fleet.unread else ""
    if not fleet.count:
        known = (
            f"; {formatting.plural(fleet.unread, 'GPU')} {'is' if fleet.unread == 1 else 'are'} known"
            if fleet.unread
            else ""
        )
        return f"No GPU was read{known}."
    busy = f"busy {formatting.percent(fleet.busy_pct)} of the time" if fleet.busy_pct is not None else "use unknown"
    names = {"SMs": "sm_active_pct", "tensor cores": "tensor_active_pct"}
    active = {label: _over(fleet, name) for label, name in names.items()}
    inside = [f"{label} {formatting.percent(value)}" for label, value in active.items() if value is not None]
    active_text = f"; active: {', '.join(inside)}" if inside else ""
    return f"{count}{kind}: {busy}{active_text}.{unread}"


def _over(fleet: GpuFleet, name: str) -> float | None:
    """The mean of a number over the cards that have it."""
    values = [(getattr(host.whole, name), host.read) for host in fleet.hosts]
    known = [(value, weight) for value, weight in values if value is not None]
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known) if known else None


_NUMBERS: Final = {
    "busy_pct": "use",
    "sm_active_pct": "SM activity",
    "tensor_active_pct": "tensor activity",
    "dram_active_pct": "memory bandwidth",
    "memory_pct": "memory",
    "power_w": "power",
    "temperature_c": "temperature",
    "sm_clock_mhz": "clock",
}


def _unknown(fleet: GpuFleet) -> str:
    """What no source reported, of all or of some: a dash is not a zero."""
    wholes = [host.whole for host in fleet.hosts]
    nowhere = [label for name, label in _NUMBERS.items() if wholes and all(getattr(w, name) is None for w in wholes)]
    some = [
        label
        for name, label in _NUMBERS.items()
        if label not in nowhere and any(getattr(whole, name) is None for whole in wholes)
    ]
    parts = [f"{', '.join(nowhere)}: reported by no source"] if nowhere else []
    parts += [f"{', '.join(some)}: not of every resource"] if some else []
    return f"Unknown (–) is not zero. {formatting.sentence_case('; '.join(parts))}." if parts else ""
