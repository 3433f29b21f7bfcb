"""What people said of advice: accepted, snoozed or dismissed, with the reason."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from plimsoll.clock import instant
from plimsoll.ledger.database import Database, stamp

Said: TypeAlias = Literal["accepted", "snoozed", "dismissed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last word on one piece of advice; `until` is None where it holds for good."""

    said: Said
    noted: datetime
    until: datetime | None
    reason: str


class Verdicts:
    """The words of one project; each call is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    def say(self, advice: str, verdict: Verdict) -> None:
        """Notes a word; a later one takes its place."""
        until = stamp(verdict.until) if verdict.until else None
        with self._database.transaction() as db:
            db.execute(
                "insert into verdicts (id, said, noted, until, reason) values (?, ?, ?, ?, ?)",
                (advice, verdict.said, stamp(verdict.noted), until, verdict.reason),
            )

    def at(self, at: datetime) -> dict[str, Verdict]:
        """The last word on each piece of advice that holds at an instant."""
        with self._database.reading() as db:
            rows = db.execute(
                "select id, said, noted, until, reason from verdicts where noted <= ? order by rowid", (stamp(at),)
            ).fetchall()
        last = {row[0]: Verdict(row[1], instant(row[2]), instant(row[3]) if row[3] else None, row[4]) for row in rows}
        return {name: one for name, one in last.items() if one.until is None or one.until > at}
