"""The outcome ledger: what advice promised, and what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plimsoll.clock import instant
from plimsoll.ledger.database import Database, stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvicePromise:
    """One promise: what advice said that following it would bring, in percent of a metric, while its cause lasted."""

    id: str
    resource: str
    adviser: str
    made: datetime
    cause_s: float
    low: float
    high: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of a promise; `value`, `low` and `high` are None where nothing can be said."""

    id: str
    adviser: str
    title: str
    promised_low: float
    promised_high: float
    changed: datetime
    noted: datetime
    state: str
    value: float | None
    low: float | None
    high: float | None
    peers: int
    why: str


class Outcomes:
    """Promises of advice and what came of them; each call is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    def keep(self, promises: Iterable[AdvicePromise]) -> None:
        """Notes promises; one that is open already keeps what it said first."""
        with self._database.transaction() as db:
            db.executemany(
                "insert into advice_promises (id, resource, adviser, made, cause_s, low, high, title)"
                " select ?, ?, ?, ?, ?, ?, ?, ?"
                " where not exists (select 1 from advice_promises where id = ? and not settled)",
                [
                    (t.id, t.resource, t.adviser, stamp(t.made), t.cause_s, t.low, t.high, t.title, t.id)
                    for t in promises
                ],
            )

    def open(self) -> list[AdvicePromise]:
        """Promises that nothing is known of yet, oldest first."""
        with self._database.reading() as db:
            rows = db.execute(
                "select id, resource, adviser, made, cause_s, low, high, title from advice_promises"
                " where not settled order by made"
            ).fetchall()
        return [
            AdvicePromise(
                id=r[0], resource=r[1], adviser=r[2], made=instant(r[3]), cause_s=r[4], low=r[5], high=r[6], title=r[7]
            )
            for r in rows
        ]

    def settle(self, one: Settled) -> None:
        """Notes what came of a promise, for good."""
        with self._database.transaction() as db:
            db.execute("update advice_promises set settled = 1 where id = ?", (one.id,))
            db.execute(
                "insert into outcomes (id, adviser, title, promised_low, promised_high, changed, noted, state, value,"
                " low, high, peers, why) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (one.id, one.adviser, one.title, one.promised_low, one.promised_high, stamp(one.changed),
                 stamp(one.noted), one.state, one.value, one.low, one.high, one.peers, one.why),
            )  # fmt: skip

    def settled(self, since: datetime, until: datetime) -> list[Settled]:
        """What came of promises, noted in [since, until], oldest first."""
        with self._database.reading() as db:
            rows = db.execute(
                "select id, adviser, title, promised_low, promised_high, changed, noted, state, value, low, high,"
                " peers, why from outcomes where noted >= ? and noted <= ? order by noted, id",
                (stamp(since), stamp(until)),
            ).fetchall()
        return [
            Settled(
                id=r[0], adviser=r[1], title=r[2], promised_low=r[3], promised_high=r[4], changed=instant(r[5]),
                noted=instant(r[6]), state=r[7], value=r[8], low=r[9], high=r[10], peers=r[11], why=r[12],
            )
            for r in rows
        ]  # fmt: skip

    def hits(self, until: datetime) -> dict[str, tuple[int, int]]:
        """(kept or exceeded, all that could be judged) by adviser."""
        with self._database.reading() as db:
            rows = db.execute(
                "select adviser, sum(state in ('kept', 'exceeded')), count(*) from outcomes"
                " where state <> 'cannot tell' and noted <= ? group by adviser",
                (stamp(until),),
            ).fetchall()
        return {row[0]: (int(row[1]), int(row[2])) for row in rows}
