"""What every document is made of: its base type, its time range, its severities, its evidence, one encoder.

`UNSET` members are absent from the JSON (unknown inside a resource), `None` members are null (unknown in a total).
"""

from typing import Any, Literal

import msgspec

from plimsoll.escaping import plain_json

Severity = Literal["low", "medium", "high", "critical"]
Trend = Literal["increasing", "stable", "decreasing"]


class Document(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The base of every part of a document: immutable, camelCase members."""


class TimeRange(Document, frozen=True, kw_only=True):
    """The half-open window that a document speaks of; instants as RFC 3339 text."""

    start: str
    end: str
    granularity: str


class Evidence(Document, frozen=True, kw_only=True):
    """Why a number or a verdict stands: `subject` is the id it belongs to (`overall.healthScore`, an alert's id, ...).

    `observed` and `threshold` are in `unit`; `samples` counts the readings behind it; `detail` holds what is particular
    to the rule (named deductions, coverage, method).
    """

    subject: str
    rule: str
    window: TimeRange
    observed: float | None
    threshold: float | None
    unit: str
    samples: int
    detail: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


def encode(document: object, *, indent: int = 2) -> bytes:
    """A document as UTF-8 JSON with a final newline; the same document gives the same bytes.

    Names are those of strangers: what is not printed (line separators, direction marks) stands there as an escape.
    """
    raw = msgspec.json.encode(document)
    text = plain_json((msgspec.json.format(raw, indent=indent) if indent else raw).decode())
    return text.encode() + b"\n"
