"""What every document is made of: its base type, its time range, its severities, one encoder.

`UNSET` members are absent from the JSON (unknown inside a resource), `None` members are null (unknown in a total).
"""

from typing import Literal

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


def encode(document: object, *, indent: int = 2) -> bytes:
    """A document as UTF-8 JSON with a final newline; the same document gives the same bytes.

    Names are those of strangers: what is not printed (line separators, direction marks) stands there as an escape.
    """
    raw = msgspec.json.encode(document)
    text = plain_json((msgspec.json.format(raw, indent=indent) if indent else raw).decode())
    return text.encode() + b"\n"
