"""Alerts and their life: opened once, the same id while open, closed, snoozed.

An alert is of one kind: a load line that is crossed (silence and driver errors too), or what a rule found; incidents
and forecasts that are routed to people are kept beside them. Each kind is looked at in a pass of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from plimsoll.clock import instant
from plimsoll.ledger.database import Database, stamp

AlertKind: TypeAlias = Literal["line", "rule", "incident", "forecast"]
ALERTING: Final[tuple[AlertKind, ...]] = ("line", "rule")
"""The kinds that documents call alerts."""
_COLUMNS = "id, resource, line, metric, severity, threshold, value, worst, kind, what, opened, last_seen, closed"


@dataclass(frozen=True, slots=True)
class OpenAlertObservation:
    """An alert as it was seen open; `what` says what was found where no line is crossed."""

    id: str
    resource: str
    line: str
    metric: str
    severity: str
    threshold: float
    value: float
    opened: datetime
    last_seen: datetime
    what: str = ""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with its life; `worst` is the reading furthest over the line, `closed` is None while it is open."""

    id: str
    resource: str
    line: str
    metric: str
    severity: str
    threshold: float
    value: float
    worst: float
    kind: AlertKind
    what: str
    opened: datetime
    last_seen: datetime
    closed: datetime | None


class Alerts:
    """The alerts of one project; each call is one durable transaction."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    def observe(
        self, seen: Iterable[OpenAlertObservation], at: datetime, *, kind: AlertKind = "line"
    ) -> tuple[list[AlertRow], list[AlertRow]]:
        """Notes which alerts of a kind are open at an instant; gives those that are new and those that have closed."""
        listed = {one.id: one for one in seen}
        with self._database.transaction() as db:
            db.execute(
                "insert into looked (kind, at) values (?, ?) on conflict (kind) do update set at = excluded.at",
                (kind, stamp(at)),
            )
            rows = db.execute(f"select {_COLUMNS} from alerts where closed is null and kind = ?", (kind,))  # noqa: S608
            before = {row[0]: _row(row) for row in rows}
            for gone in before.keys() - listed.keys():
                db.execute("update alerts set closed = ? where id = ?", (stamp(at), gone))
            for one in listed.values():
                worst = _worse(before[one.id], one) if one.id in before else one.value
                db.execute(
                    f"insert into alerts ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)"  # noqa: S608
                    " on conflict (id) do update set severity = excluded.severity, value = excluded.value,"
                    " worst = excluded.worst,"
                    " what = excluded.what, last_seen = excluded.last_seen, closed = null",
                    (
                        *(one.id, one.resource, one.line, one.metric, one.severity, one.threshold, one.value, worst),
                        *(kind, one.what, stamp(one.opened), stamp(one.last_seen)),
                    ),
                )
        known = {row.id: row for row in self.since(at)}
        opened = [known[name] for name in listed if name not in before]
        return opened, [known[name] for name in before if name not in listed]

    def looked(self, kind: AlertKind) -> datetime | None:
        """As of when a kind was last looked at; None: never."""
        with self._database.reading() as db:
            found = db.execute("select at from looked where kind = ?", (kind,)).fetchone()
        return instant(str(found[0])) if found else None

    def open_at(self, at: datetime) -> list[AlertRow]:
        """The alerts that were known to be open at an instant, oldest first."""
        return self._select("where opened <= ? and (closed is null or closed > ?) order by opened, id", at, at)

    def since(self, at: datetime) -> list[AlertRow]:
        """Those that are open, and those that have closed since an instant, oldest first."""
        return self._select("where closed is null or closed >= ? order by opened, id", at)

    def snooze(self, alert: str, until: datetime, reason: str, *, at: datetime) -> None:
        """Says nothing of an alert until an instant; a second time changes the first."""
        with self._database.transaction() as db:
            db.execute(
                "insert into snoozes (id, noted, until, reason) values (?, ?, ?, ?) on conflict (id)"
                " do update set noted = excluded.noted, until = excluded.until, reason = excluded.reason",
                (alert, stamp(at), stamp(until), reason),
            )

    def snoozed(self, at: datetime) -> dict[str, str]:
        """The ids that are snoozed at an instant, with the reason."""
        with self._database.reading() as db:
            rows = db.execute("select id, reason from snoozes where noted <= ? and until > ?", (stamp(at), stamp(at)))
            return dict(rows.fetchall())

    def _select(self, where: str, *instants: datetime) -> list[AlertRow]:
        with self._database.reading() as db:
            rows = db.execute(f"select {_COLUMNS} from alerts {where}", [stamp(at) for at in instants]).fetchall()  # noqa: S608
        return [_row(row) for row in rows]


def _worse(before: AlertRow, now: OpenAlertObservation) -> float:
    return max(before.worst, now.value, key=lambda value: abs(value - now.threshold))


def _row(row: tuple[object, ...]) -> AlertRow:
    *plain, opened, last_seen, closed = row
    ends = [instant(str(opened)), instant(str(last_seen)), instant(str(closed)) if closed else None]
    return AlertRow(*plain, *ends)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
