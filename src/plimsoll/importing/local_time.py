"""Local times as instants: the hour that comes twice when the clock goes back is resolved by the order of the file.

Where the order does not tell, the row is refused by name: an hour too early is a wrong number that would go unnoticed.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

import polars as pl

AMBIGUOUS = "came twice that night and the file's order does not say which it is; write it with its offset"
Pass = Literal["earliest", "latest", "unknown"]


def localised(naive: pl.Series, groups: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """(instants in UTC, whether each is one of two and it is not known which).

    `naive` are local times in the order of the file, `groups` says whose: each source goes through the night in its own
    order. A time that did not exist is null.
    """
    first = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    second = naive.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC")
    twice = (first != second).fill_null(value=False)
    if not twice.any():
        return first, twice
    passes = _passes(naive, groups, twice)
    instants = pl.select(
        pl.when(passes == "latest").then(second).when(passes == "unknown").then(None).otherwise(first)
    ).to_series()
    return instants, passes == "unknown"


def _passes(naive: pl.Series, groups: pl.Series, twice: pl.Series) -> pl.Series:
    """For each row which time it is, of rows that came once the earliest."""
    frame = pl.DataFrame({"at": naive, "group": groups, "twice": twice}).with_row_index("place")
    rising = {
        group: last >= first
        for group, first, last in frame.group_by("group").agg(pl.col("at").first(), last=pl.col("at").last()).rows()
    }
    nights: dict[tuple[str, date], list[tuple[int, datetime]]] = {}
    for place, at, group in frame.filter("twice").select("place", "at", "group").rows():
        nights.setdefault((group, at.date()), []).append((place, at))
    found: list[Pass] = ["earliest"] * len(naive)
    for (group, _), rows in nights.items():
        for (place, _), which in zip(rows, _night([at for _, at in rows], rising=rising[group]), strict=True):
            found[place] = which
    return pl.Series(found)


def _night(times: Sequence[datetime], *, rising: bool) -> list[Pass]:
    """The hour's times of one night, in order: one step back (in a file that falls: forward) parts the two passes."""
    steps = [n for n in range(1, len(times)) if (times[n] <= times[n - 1] if rising else times[n] >= times[n - 1])]
    if len(steps) != 1:
        return ["unknown"] * len(times)
    before: Pass = "earliest" if rising else "latest"
    after: Pass = "latest" if rising else "earliest"
    return [before if n < steps[0] else after for n in range(len(times))]
