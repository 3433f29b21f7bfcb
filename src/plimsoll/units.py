"""Units, and the one way in which the documents write an amount with its unit."""

from enum import StrEnum


class Unit(StrEnum):
    """The unit of a stored number, as it stands at the end of the metric's name."""

    PERCENT = "pct"
    COUNT = "count"
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes_per_s"
    BITS_PER_SECOND = "bits_per_s"
    PER_SECOND = "per_s"
    MILLISECONDS = "ms"
    SECONDS = "s"
    WATTS = "w"
    JOULES = "j"
    CELSIUS = "c"
    MEGAHERTZ = "mhz"
    CODE = "code"
    DAYS = "days"


_BIT_RATES = (("Tbps", 1e12), ("Gbps", 1e9), ("Mbps", 1e6), ("Kbps", 1e3), ("bps", 1.0))
_BYTE_RATES = (("TB/s", 1e12), ("GB/s", 1e9), ("MB/s", 1e6), ("KB/s", 1e3), ("B/s", 1.0))


def bit_rate(bits_per_s: float) -> str:
    """A rate in decimal bits as the specification writes it.

    >>> bit_rate(2.3e9), bit_rate(0.0), bit_rate(999_950.0)
    ('2.3 Gbps', '0 bps', '1 Mbps')
    """
    return _scaled(bits_per_s, _BIT_RATES)


def byte_rate(bytes_per_s: float) -> str:
    """A rate in decimal bytes as the specification writes it.

    >>> byte_rate(850e6), byte_rate(12.4e9)
    ('850 MB/s', '12.4 GB/s')
    """
    return _scaled(bytes_per_s, _BYTE_RATES)


def _scaled(amount: float, steps: tuple[tuple[str, float], ...]) -> str:
    """The largest unit in which the amount is at least 1 after rounding; one decimal, none where it is zero."""
    name, size = next((step for step in steps if round(amount / step[1], 1) >= 1), steps[-1])
    return f"{amount / size:.1f}".removesuffix(".0") + f" {name}"
