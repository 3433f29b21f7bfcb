"""Promises: what capacity reviews forecast, kept until it can be compared with what happened."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from plimsoll.documents.capacity import Promise
from plimsoll.ledger.database import Database


class Promises:
    """The promises of one project's reviews; each call is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    def keep(self, promises: Iterable[Promise]) -> None:
        """Notes what a review published. Published twice on a day, the first one counts: it was what people read."""
        rows = [(p.pool, p.made, p.due, p.forecast, p.low, p.high) for p in promises]
        with self._database.transaction() as db:
            db.executemany(
                "insert into promises (pool, made, due, forecast, low, high) values (?, ?, ?, ?, ?, ?)"
                " on conflict (pool, made, due) do nothing",
                rows,
            )

    def due(self, since: date, until: date) -> list[Promise]:
        """Every promise about the days from `since` to `until`, oldest first."""
        with self._database.reading() as db:
            rows = db.execute(
                "select pool, made, due, forecast, low, high from promises where due between ? and ?"
                " order by due, made, pool",
                (since.isoformat(), until.isoformat()),
            ).fetchall()
        return [Promise(pool=r[0], made=r[1], due=r[2], forecast=r[3], low=r[4], high=r[5]) for r in rows]
