"""The outbox: what is to be delivered, and what came of it. A message is queued once, however often it is requested."""

import fcntl
import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plimsoll.clock import instant
from plimsoll.ledger.database import Database, stamp
from plimsoll.ledger.schedules import TOLERATED

_COLUMNS = (
    "id, channel, recipient, kind, window_end, state, attempts, losses, next_try, queued, updated, detail, summary,"
    " thread, receipt"
)
INTERRUPTED: Final = timedelta(seconds=20)
"""How long an attempt waits that a dying process began and did not hand over."""
_DUE: Final = "state in ('queued', 'uncertain') and (next_try <= ? or updated > ?)"
ALERT: Final = "alert"
"""The kind of messages about alerts: they are sent before reports, and none digests another."""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message to one recipient.

    `state`: queued, connecting (an attempt was begun, nothing is handed over), sending (it may be accepted from now
    on), sent, uncertain, failed or digested (a newer one of its kind includes it). `thread` is the id of the message
    that it answers, its own for the first of a thread, empty outside threads; `receipt` what the service called it.
    """

    id: str
    channel: str
    recipient: str
    kind: str
    window_end: datetime
    state: str
    attempts: int
    losses: int
    next_try: datetime
    queued: datetime
    updated: datetime
    detail: str
    summary: str
    thread: str = ""
    receipt: str = ""


@contextmanager
def alone(path: Path) -> Generator[None]:
    """One process at a time, by a lock on a file that the kernel gives back when its process dies."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Outbox:
    """The outbox of one project; each call is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path)

    @contextmanager
    def alone(self) -> Generator[None]:
        """One deliverer at a time: what another one is sending is not taken for what a dead one left behind."""
        with alone(self._path.with_name("outbox.lock")):
            yield

    def put(
        self,
        identity: str,
        *,
        channel: str,
        recipient: str,
        kind: str,
        end: datetime,
        body: bytes,
        summary: str,
        now: datetime,
        replaces: Sequence[str] = (),
    ) -> bool:
        """Queues a message; False where it was put in before.

        What waits untried is digested by it: older windows of the same recipient, and what it `replaces` by id.
        """
        with self._database.transaction() as db:
            row = (identity, channel, recipient, kind, end, body, summary, "")
            if not insert(db, row, now):
                return False
            db.execute(
                "update outbox set state = 'digested', updated = ?, detail = ? where state = 'queued' and attempts = 0"
                " and channel = ? and recipient = ? and kind = ? and window_end < ?",
                (stamp(now), f"told by {identity}", channel, recipient, kind, stamp(end)),
            )
            db.executemany(
                "update outbox set state = 'digested', updated = ?, detail = ? where state = 'queued' and attempts = 0"
                " and id = ?",
                [(stamp(now), f"told by {identity}", earlier) for earlier in replaces],
            )
        return True

    def tried(self, ids: Sequence[str]) -> bool:
        """Whether one of these was tried already."""
        return any(self._select("attempts > 0 and id = ?", (identity,)) for identity in ids)

    def waiting(self, *, channel: str, recipient: str, kind: str, before: datetime) -> list[OutboxMessage]:
        """What a newer message of that kind would digest, oldest first."""
        return self._select(
            "state = 'queued' and attempts = 0 and channel = ? and recipient = ? and kind = ? and window_end < ?",
            (channel, recipient, kind, stamp(before)),
        )

    def recover(self, now: datetime, *, most_losses: int, oldest: datetime) -> None:
        """Decides what becomes of an attempt whose process died.

        What was being sent may have been accepted: uncertain, and to be sent once more; where that is the last of so
        many losses it has failed. What was never handed over waits as before, and the attempt does not count; it has
        failed only where it was queued before `oldest`. It is not tried again at once, so that a message that ends
        every process does not keep the others waiting.
        """
        with self._database.transaction() as db:
            db.execute(
                "update outbox set attempts = attempts - 1, updated = ?, next_try = ?,"
                " state = case when queued < ? then 'failed' when losses > 0 then 'uncertain' else 'queued' end,"
                " detail = case when queued < ? then 'given up after ' || attempts || ' tries: ' else '' end ||"
                " 'the process ended before it was handed over' where state = 'connecting'",
                (stamp(now), stamp(now + INTERRUPTED), stamp(oldest), stamp(oldest)),
            )
            db.execute(
                "update outbox set losses = losses + 1, updated = ?, next_try = ?,"
                " state = case when losses + 1 >= ? then 'failed' else 'uncertain' end, detail ="
                " case when losses + 1 >= ? then 'given up after ' || attempts || ' tries: ' else '' end ||"
                " 'the process ended while it was sent' where state = 'sending'",
                (stamp(now), stamp(now), most_losses, most_losses),
            )

    def owes(self, now: datetime) -> bool:
        """Whether a message is to be tried now, or an attempt was begun by a process that is gone. Writes nothing."""
        with self._database.reading() as db:
            begun = "state in ('connecting', 'sending')"
            sql = f"select 1 from outbox where {begun} or ({_DUE}) limit 1"  # noqa: S608 - our own words
            return db.execute(sql, (stamp(now), stamp(now + TOLERATED))).fetchone() is not None

    def due(self, now: datetime) -> list[OutboxMessage]:
        """What is to be tried now, alerts first, then the oldest; no time that a clock noted ahead is waited for."""
        found = self._select(_DUE, (stamp(now), stamp(now + TOLERATED)))
        return sorted(found, key=lambda one: one.kind != ALERT)

    def waits(self, identity: str) -> bool:
        """Whether a message is still to be sent: what answers it must not overtake it."""
        return bool(self._select("state in ('queued', 'uncertain', 'connecting', 'sending') and id = ?", (identity,)))

    def receipt(self, identity: str) -> str:
        """What the service called a message; empty where it said nothing."""
        return next((one.receipt for one in self._select("id = ?", (identity,))), "")

    def body(self, identity: str) -> bytes:
        """The message itself."""
        with self._database.reading() as db:
            return bytes(db.execute("select body from outbox where id = ?", (identity,)).fetchone()[0])

    def connecting(self, identity: str, now: datetime) -> None:
        """Noted before the attempt: a process that dies now has handed nothing over."""
        with self._database.transaction() as db:
            db.execute(
                "update outbox set state = 'connecting', attempts = attempts + 1, updated = ? where id = ?",
                (stamp(now), identity),
            )

    def sending(self, identity: str, now: datetime) -> None:
        """Noted before the last byte that a server needs to accept it: a process that dies now leaves that open."""
        with self._database.transaction() as db:
            db.execute("update outbox set state = 'sending', updated = ? where id = ?", (stamp(now), identity))

    def settle(
        self, identity: str, state: str, *, detail: str, next_try: datetime, now: datetime, receipt: str = ""
    ) -> None:
        """What came of the attempt."""
        with self._database.transaction() as db:
            db.execute(
                "update outbox set state = ?, detail = ?, next_try = ?, updated = ?, receipt = ?,"
                " losses = losses + (? = 'uncertain') where id = ?",
                (state, detail, stamp(next_try), stamp(now), receipt, state, identity),
            )

    def listed(self, since: datetime) -> list[OutboxMessage]:
        """Everything that changed since an instant, oldest first."""
        return self._select("updated >= ?", (stamp(since),))

    def problems(self, now: datetime) -> list[str]:
        """What could not be delivered in the last week, in words."""
        return self.undelivered(now - timedelta(days=7), now)

    def undelivered(self, since: datetime, until: datetime) -> list[str]:
        """What was given up after `since` and by `until`, in words, oldest first."""
        failed = self._select("state = 'failed' and updated > ? and updated <= ?", (stamp(since), stamp(until)))
        return [
            f"The {_what(one.kind)} of {one.window_end:%d %b %H:%M} was not delivered to {one.recipient}: {one.detail}"
            for one in failed
        ]

    def last_sent(self, kind: str, before: datetime) -> datetime | None:
        """The end of the window of the last delivered report of a kind, before an instant."""
        with self._database.reading() as db:
            found = db.execute(
                "select max(window_end) from outbox where state = 'sent' and kind = ? and window_end < ?",
                (kind, stamp(before)),
            ).fetchone()[0]
        return instant(found) if found else None

    def _select(self, where: str, values: Sequence[str]) -> list[OutboxMessage]:
        with self._database.reading() as db:
            rows = db.execute(f"select {_COLUMNS} from outbox where {where} order by queued, id", values).fetchall()  # noqa: S608
        return [_parcel(row) for row in rows]


def _parcel(row: Sequence[str | int]) -> OutboxMessage:
    identity, channel, recipient, kind, end, state, attempts, losses, next_try, queued, updated, *texts = row
    return OutboxMessage(
        str(identity), str(channel), str(recipient), str(kind), instant(str(end)), str(state), int(attempts),
        int(losses), instant(str(next_try)), instant(str(queued)), instant(str(updated)), *map(str, texts),
    )  # fmt: skip


def _what(kind: str) -> str:
    return "message about alerts" if kind == ALERT else f"{kind} report"


def insert(db: sqlite3.Connection, row: tuple[str, str, str, str, datetime, bytes, str, str], now: datetime) -> bool:
    """Queues (id, channel, recipient, kind, window end, body, summary, thread); False where the id is there."""
    identity, channel, recipient, kind, end, body, summary, thread = row
    found = db.execute(
        "insert or ignore into outbox (id, channel, recipient, kind, window_end, body, summary, thread, state,"
        " attempts, losses, next_try, queued, updated, detail)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, 'queued', 0, 0, ?, ?, ?, '')",
        (identity, channel, recipient, kind, stamp(end), body, summary, thread, stamp(now), stamp(now), stamp(now)),
    )
    return found.rowcount > 0
