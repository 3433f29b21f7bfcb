"""Amounts and days in the words of the review."""

from datetime import date

from plimsoll.documents.capacity import Unit

_BYTES = (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6))


def amount(units: float, unit: Unit) -> str:
    """An amount with its unit, as in a sentence.

    >>> amount(8.0, "GPUs"), amount(1.0, "replicas"), amount(2.4e13, "bytes")
    ('8 GPUs', '1 replica', '24 TB')
    """
    if unit == "bytes":
        name, size = next((step for step in _BYTES if units >= step[1]), _BYTES[-1])
        return f"{units / size:.1f}".removesuffix(".0") + f" {name}"
    number = f"{units:.1f}".removesuffix(".0")
    return f"{number} {unit.removesuffix('s') if number == '1' else unit}"


def day_words(day: date) -> str:
    """A day as the review writes it.

    >>> day_words(date(2026, 1, 8))
    '8 Jan'
    """
    return f"{day.day} {_MONTHS[day.month - 1]}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
