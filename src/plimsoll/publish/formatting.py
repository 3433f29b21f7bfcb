"""Numbers, durations and plurals as people read them. Documents keep exact values; only pages round."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from plimsoll import escaping
from plimsoll.fleet.presence import METRIC as SILENCE
from plimsoll.metrics import CATALOGUE, DOCUMENT_METRICS
from plimsoll.units import Unit, bit_rate, byte_rate

visible = escaping.visible
UNKNOWN = "–"
NARROW = "\u202f"
_SHOWN_CHARS = 40
_SIZES = (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6))
_SUFFIX = {
    Unit.PERCENT: f"{NARROW}%",
    Unit.MILLISECONDS: f"{NARROW}ms",
    Unit.WATTS: f"{NARROW}W",
    Unit.CELSIUS: f"{NARROW}°C",
    Unit.MEGAHERTZ: f"{NARROW}MHz",
    Unit.PER_SECOND: "/s",
    Unit.DAYS: f"{NARROW}days",
}


def number(value: float | None) -> str:
    """One decimal under 100 at most, thousands with a comma; an unknown one is a dash.

    >>> number(1847.3), number(99.24), number(5.0), number(None)
    ('1,847', '99.2', '5', '–')
    """
    if value is None:
        return UNKNOWN
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def percent(value: float | None) -> str:
    """A share in percent with its unit.

    >>> percent(45.25)
    '45.2\u202f%'
    """
    return f"{number(value)}{NARROW}%"


def amount(value: float | None, metric: str) -> str:
    """A value with the unit of its metric (a column or a document name)."""
    if value is None:
        return UNKNOWN
    if metric == SILENCE:
        return duration(timedelta(minutes=value))
    unit = CATALOGUE[column_of(metric)].unit
    if unit == Unit.BITS_PER_SECOND:
        return bit_rate(value)
    if unit in (Unit.BYTES_PER_SECOND, Unit.BYTES):
        return byte_rate(value).removesuffix("/s" if unit == Unit.BYTES else "")
    return number(value) + _SUFFIX.get(unit, "")


def known(metric: str) -> bool:
    """Whether the catalogue knows a metric, by its column or its document name."""
    return metric in CATALOGUE or metric in DOCUMENT_METRICS or metric == SILENCE


def label(metric: str) -> str:
    """What people call a metric."""
    if metric == SILENCE:
        return "silence"
    return CATALOGUE[column_of(metric)].label


def column_of(metric: str) -> str:
    """The column behind a name; a document name's first column."""
    return metric if metric in CATALOGUE else DOCUMENT_METRICS[metric][0]


def sentence_case(text: str) -> str:
    """The first letter large, the rest as it is; a first word with a digit is a name, and stays.

    >>> sentence_case("CPU utilization"), sentence_case("used space"), sentence_case("gpu3 is slow")
    ('CPU utilization', 'Used space', 'gpu3 is slow')
    """
    first = text.partition(" ")[0]
    return text if any(character.isdigit() for character in first) else text[:1].upper() + text[1:]


def duration(length: timedelta) -> str:
    """The two largest parts of a time.

    >>> duration(timedelta(hours=9, minutes=15)), duration(timedelta(days=3)), duration(timedelta(seconds=40))
    ('9 h 15 min', '3 days', '40 s')
    """
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return plural(days, "day") + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min" if minutes else f"{seconds} s"


def duration_s(seconds: float) -> str:
    """A setting in seconds as a time."""
    return duration(timedelta(seconds=seconds))


def plural(count: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "resource"), plural(1200, "resource"), plural(0, "entry")
    ('1 resource', '1,200 resources', '0 entries')
    """
    several = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{count:,} {noun if count == 1 else several}"


def clock_time(at: datetime, zone: ZoneInfo, *, day_of: datetime) -> str:
    """`17:00`, with the day where it is another than the report's last."""
    local, last = at.astimezone(zone), day_of.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == last.date() else f"{local:%H:%M} on {local.day} {local:%b}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """`16 Jan 18:00`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b} {local:%H:%M}"


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """`1 Apr 07:00 to 16 Nov 07:00`, with the years where they differ.

    >>> from datetime import UTC
    >>> span(datetime(2026, 4, 1, 7, tzinfo=UTC), datetime(2026, 11, 16, 7, tzinfo=UTC), ZoneInfo("UTC"))
    '1 Apr 07:00 to 16 Nov 07:00'
    >>> span(datetime(2025, 4, 1, 7, tzinfo=UTC), datetime(2026, 11, 16, 7, tzinfo=UTC), ZoneInfo("UTC"))
    '1 Apr 2025 07:00 to 16 Nov 2026 07:00'
    """
    a, b = start.astimezone(zone), end.astimezone(zone)
    if a.year == b.year:
        return f"{moment(a, zone)} to {moment(b, zone)}"
    return " to ".join(f"{one.day} {one:%b %Y %H:%M}" for one in (a, b))


def name(text: str) -> str:
    r"""A resource's name on one line: controls and direction marks made visible, long ones cut in the middle.

    >>> name("a\x1b[2J"), len(name("x" * 90))
    ('a\\x1b[2J', 40)
    """
    safe = visible(text) if text.strip() else escaping.NO_NAME
    if len(safe) <= _SHOWN_CHARS:
        return safe
    half = (_SHOWN_CHARS - 1) // 2
    return f"{safe[: _SHOWN_CHARS - 1 - half]}…{safe[-half:]}"


def day(at: date) -> str:
    """`16 Jan`.

    >>> day(date(2026, 1, 16))
    '16 Jan'
    """
    return f"{at.day} {at:%b}"


def long_day(at: date) -> str:
    """`Friday 16 January`.

    >>> long_day(date(2026, 1, 16))
    'Friday 16 January'
    """
    return f"{at:%A} {at.day} {at:%B}"


def size(units: float, unit: str) -> str:
    """An amount of a pool: bytes in the largest fitting decimal unit, else a count with its noun.

    >>> size(8.0, "GPUs"), size(2.4e13, "bytes")
    ('8 GPUs', '24 TB')
    """
    if unit != "bytes":
        return f"{units:,.1f}".removesuffix(".0") + f" {unit}"
    name, one = next((s for s in _SIZES if abs(units) >= s[1]), _SIZES[-1])
    return f"{units / one:,.1f}".removesuffix(".0") + f" {name}"


def money(usd: float | None) -> str:
    """Dollars a month; an unknown price is never 0.

    >>> money(8942.5), money(-3100), money(None)
    ('$8,942', '−$3,100', 'not known')
    """
    return "not known" if usd is None else f"{'−' if usd < 0 else ''}${abs(usd):,.0f}"
