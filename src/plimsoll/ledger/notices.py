"""Which alerts were reported through which channel, in which state, by which message."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from plimsoll.clock import instant
from plimsoll.ledger.database import Database, stamp
from plimsoll.ledger.outbox import ALERT, alone, insert

CHANNEL: Final = "notify"
"""The outbox's name for messages that go through a channel of `[notify]`."""
_KEPT: Final = timedelta(days=30)
"""How long what is resolved is kept; longer than closed alerts are looked at."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """The last state of a subject that was queued for a channel.

    `round` counts the times that it opened under the same id, from 1; `thread` is the id of the message that reported
    its opening; `opened_noted` is when that was queued.
    """

    round: int
    state: str
    thread: str
    opened_noted: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A message about subjects: (id, round) of each, their state, and what goes into the outbox."""

    identity: str
    thread: str
    recipient: str
    state: str
    subjects: Sequence[tuple[str, int]]
    body: bytes
    summary: str
    at: datetime


class Notices:
    """The record of one project; each call is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path)

    @contextmanager
    def alone(self) -> Generator[None]:
        """One process at a time decides what is to be reported."""
        with alone(self._path.with_name("notices.lock")):
            yield

    def last(self, channel: str) -> dict[str, Noticed]:
        """The last state of every subject of a channel by its id."""
        with self._database.reading() as db:
            rows = db.execute(
                "select subject, round, state, thread, noted from notices where channel = ?"
                " order by subject, round, noted, rowid",
                (channel,),
            ).fetchall()
        found: dict[str, Noticed] = {}
        for subject, number, state, thread, noted in rows:
            before = found.get(subject)
            same = before is not None and before.round == number
            found[subject] = Noticed(number, state, thread, before.opened_noted if same and before else instant(noted))
        return found

    def queued_since(self, channel: str, since: datetime) -> int:
        """How many messages were queued for a channel after an instant."""
        with self._database.reading() as db:
            return int(
                db.execute(
                    "select count(distinct message) from notices where channel = ? and noted > ?",
                    (channel, stamp(since)),
                ).fetchone()[0]
            )

    def queue(self, message: Queued) -> None:
        """The message into the outbox and the states of its subjects into the record, both or neither."""
        at = message.at
        with self._database.transaction() as db:
            row = (
                *(message.identity, CHANNEL, message.recipient, ALERT),
                *(at, message.body, message.summary, message.thread),
            )
            insert(db, row, at)
            db.executemany(
                "insert or ignore into notices (channel, subject, round, state, message, thread, noted)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                [
                    (message.recipient, subject, number, message.state, message.identity, message.thread, stamp(at))
                    for subject, number in message.subjects
                ],
            )
            _forget_resolved(db, at - _KEPT)

    def threads(self, channel: str) -> dict[str, set[str]]:
        """Thread -> the subjects that it reported."""
        with self._database.reading() as db:
            rows = db.execute("select distinct thread, subject from notices where channel = ?", (channel,)).fetchall()
        found: dict[str, set[str]] = {}
        for thread, subject in rows:
            found.setdefault(thread, set()).add(subject)
        return found


def _forget_resolved(db: sqlite3.Connection, before: datetime) -> None:
    db.execute(
        "delete from notices where (channel, subject, round) in"
        " (select channel, subject, round from notices where state = 'resolved' and noted < ?)",
        (stamp(before),),
    )
