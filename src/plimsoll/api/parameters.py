"""Query strings as real clients send them -> checked queries; everything else is refused by name.

Arrays come as `metrics=a&metrics=b` and `metrics[]=a&metrics[]=b`, booleans as true/false/1/0 in any case.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.errors import BadParameter, nearest, shown

MOST_PARAMETERS = 10_100
_SHOWN = 80


class Parameters:
    """The parameters of one request; `known` are the allowed names, `arrays` those that may be repeated."""

    def __init__(self, query: bytes, *, known: Sequence[str], arrays: Sequence[str] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        pairs = [part for part in query.split(b"&") if part]
        if len(pairs) > MOST_PARAMETERS:
            raise BadParameter("query", f"{len(pairs)} parameters", why=f"are more than {MOST_PARAMETERS}")
        for pair in pairs:
            raw, _, value = pair.partition(b"=")
            name = _text(raw)
            plain = name.removesuffix("[]")
            if plain not in known or (plain != name and plain not in arrays):
                near = nearest(plain, known)
                raise BadParameter(
                    shown(name[:_SHOWN]), "", allowed=[near] if near else sorted(known), why="is unknown"
                )
            if plain in self._values and plain not in arrays:
                raise BadParameter(plain, "", why="was given twice")
            self._values.setdefault(plain, []).append(_text(value))

    def one(self, name: str, default: str) -> str:
        """A single value."""
        return self._values.get(name, [default])[0]

    def maybe(self, name: str) -> str | None:
        """A single value; None where it was not given."""
        return self.one(name, "") if self.given(name) else None

    def given(self, name: str) -> bool:
        """Whether it stands in the query."""
        return name in self._values

    def many(self, name: str) -> list[str]:
        """All values of an array, without repetitions."""
        return list(dict.fromkeys(self._values.get(name, [])))

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean."""
        if name not in self._values:
            return default
        text = self.one(name, "")
        if text.lower() in ("true", "1"):
            return True
        if text.lower() in ("false", "0"):
            return False
        raise BadParameter(name, shown(text[:_SHOWN]), allowed=["true", "false", "1", "0"])

    def number(self, name: str) -> float | None:
        """A number; None where it was not given."""
        if name not in self._values:
            return None
        text = self.one(name, "")
        try:
            return float(text)
        except ValueError as error:
            raise BadParameter(name, shown(text[:_SHOWN]), why="is not a number") from error


def _text(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadParameter("query", "", why="is not UTF-8") from error
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise BadParameter("query", "", why="has control characters")
    return text


PERFORMANCE: Mapping[str, bool] = {
    "resource": False,
    "timeRange": False,
    "granularity": False,
    "metrics": True,
    "resourceIds": True,
    "regions": True,
    "aggregation": False,
    "limit": False,
    "cursor": False,
}


def performance_query(query: bytes, known_regions: Sequence[str]) -> PerformanceQuery:
    """The question of `GET /v2/monitoring/performance`."""
    asked = Parameters(query, known=list(PERFORMANCE), arrays=[name for name, many in PERFORMANCE.items() if many])
    return PerformanceQuery.parse(
        resource=asked.one("resource", "all"),
        time_range=asked.one("timeRange", "1h"),
        granularity=asked.maybe("granularity"),
        metrics=asked.many("metrics"),
        resource_ids=asked.many("resourceIds"),
        regions=asked.many("regions"),
        aggregation=asked.one("aggregation", "avg"),
        known_regions=known_regions,
        limit=asked.maybe("limit"),
        cursor=asked.maybe("cursor"),
    )
