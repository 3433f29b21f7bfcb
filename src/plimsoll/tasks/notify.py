"""Telling people: which alerts changed, through which channels, in which message; each state of each alert once."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.clock import rfc3339
from plimsoll.config.engine import Plimsoll, zone
from plimsoll.delivery.channels import channels
from plimsoll.delivery.message import MailContent, message
from plimsoll.delivery.notice import Notice, State, Subject
from plimsoll.delivery.notify import SEVERITIES, Notify, Route
from plimsoll.delivery.post import encoded
from plimsoll.delivery.settings import Mail
from plimsoll.ledger.notices import Noticed, Notices, Queued
from plimsoll.ledger.outbox import ALERT
from plimsoll.project.context import Context
from plimsoll.publish import formatting

MOST_SUBJECTS: Final = 50
"""So many alerts are spelled out in one message; the head counts them all."""
_HOUR: Final = timedelta(hours=1)
_AT_ONCE: Final = "critical"


@dataclass(frozen=True, slots=True)
class _Due:
    """A subject whose state a channel does not know yet; `before` is what it knows."""

    subject: Subject
    state: State
    before: Noticed | None

    @property
    def number(self) -> int:
        """How often the subject has opened under its id."""
        before = self.before
        return 1 if before is None else before.round + (self.state == "opened")


def queue_alerts(context: Context, subjects: Sequence[Subject]) -> int:
    """Queues a message for each channel whose people do not know the present state of some alerts.

    in: every subject that is open, and those that have closed within the last days. Gives how many messages are new.
    """
    configured = context.config.under("notify", Notify)
    if not configured:
        return 0
    notices = context.ledger.notices
    routes = list(context.config.under("routes", Route).values()) or [Route.model_validate({"to": tuple(configured)})]
    queued = 0
    with notices.alone():
        for name, channel in configured.items():
            known = notices.last(name)
            due = list(_due(context, subjects, known, [route for route in routes if name in route.to]))
            if notices.queued_since(name, context.as_of - _HOUR) >= channel.per_hour:
                due = [one for one in due if one.state == "opened" and one.subject.severity == _AT_ONCE]
            for batch in _batches(due):
                notices.queue(_message(context, name, channel, batch, _open_left(notices, name, batch, subjects)))
                queued += 1
    return queued


def _due(
    context: Context, subjects: Iterable[Subject], known: Mapping[str, Noticed], routes: Sequence[Route]
) -> Iterable[_Due]:
    """What a channel gets; muted alerts open nothing and remind of nothing, and are not resolved by it."""
    at, local = context.as_of, zone(context.config.get("plimsoll", Plimsoll).timezone)
    for subject in subjects:
        before, mine = known.get(subject.id), [route for route in routes if route.takes(subject)]
        open_routes = [route for route in mine if route.open_at(at, local)]
        if before is None or before.state == "resolved":
            if subject.closed is None and not subject.muted and any("opened" in one.on for one in open_routes):
                yield _Due(subject, "opened", before)
        elif subject.closed is not None:
            if not mine or any("resolved" in route.on for route in mine):
                yield _Due(subject, "resolved", before)
        elif before.state == "opened" and not subject.muted:
            reminds = [route.still_open_after for route in open_routes if "still open" in route.on]
            if reminds and at - before.opened_noted >= timedelta(seconds=min(reminds)):
                yield _Due(subject, "still open", before)


def _batches(due: Sequence[_Due]) -> list[list[_Due]]:
    """What goes into one message: all that opened, or all of one thread that came into one state; worst first."""
    found: dict[tuple[str, str], list[_Due]] = {}
    for one in due:
        thread = one.before.thread if one.before is not None and one.state != "opened" else ""
        found.setdefault((one.state, thread), []).append(one)
    return [sorted(batch, key=_worst_first) for _, batch in sorted(found.items())]


def _worst_first(one: _Due) -> tuple[int, str, str]:
    return (-SEVERITIES.index(one.subject.severity), rfc3339(one.subject.opened), one.subject.name + one.subject.id)


def _open_left(notices: Notices, channel: str, batch: Sequence[_Due], subjects: Sequence[Subject]) -> int:
    """How many alerts of the batch's thread are open now."""
    if batch[0].state == "opened":
        return len(batch)
    before = batch[0].before
    members = notices.threads(channel).get(before.thread, set()) if before else set[str]()
    return sum(one.id in members and one.closed is None for one in subjects)


def _message(context: Context, name: str, settings: Notify, batch: Sequence[_Due], open_left: int) -> Queued:
    fleet, mail = context.config.get("plimsoll", Plimsoll).name, context.config.get("mail", Mail)
    state, first = batch[0].state, batch[0]
    identity = _identity(name, batch, mail.sender.rpartition("@")[2] or "plimsoll")
    thread = identity if state == "opened" or first.before is None else first.before.thread
    notice = Notice(
        identity=identity,
        thread=thread,
        state=state,
        fleet=fleet,
        head=head_of(state, [one.subject for one in batch], fleet),
        subjects=[one.subject for one in batch[:MOST_SUBJECTS]],
        open_left=open_left,
        at=context.as_of,
        link=mail.link.replace("{date}", f"{context.as_of:%Y/%m/%d}"),
    )
    return Queued(
        identity=identity,
        thread=thread,
        recipient=name,
        state=state,
        subjects=[(one.subject.id, one.number) for one in batch],
        body=body_of(notice, settings, mail),
        summary=notice.head,
        at=context.as_of,
    )


def body_of(notice: Notice, settings: Notify, mail: Mail) -> bytes:
    """The message as the outbox keeps it: JSON for a service, or a mail without its Date."""
    shape = channels()[settings.kind].alert(notice, settings.channel)
    if settings.kind != "mail":
        return encoded(shape)
    letter = MailContent(kind=ALERT, verdict=notice.state, subject=shape["subject"], text=shape["text"], html="")
    return message(
        letter, sender=mail.sender, to=settings.address, identity=notice.identity, fleet=notice.fleet,
        answers="" if notice.is_first else notice.thread,
    )  # fmt: skip


def _identity(channel: str, batch: Sequence[_Due], domain: str) -> str:
    """One fixed id for these states of these alerts: a second try is the same message."""
    key = "\0".join([channel, batch[0].state, *sorted(f"{one.subject.id} {one.number}" for one in batch)])
    return f"<{ALERT}.{hashlib.sha256(key.encode()).hexdigest()[:24]}@{domain}>"


def head_of(state: State, subjects: Sequence[Subject], fleet: str) -> str:
    """The message in one line: what came into which state, the worst first."""
    worst = subjects[0]
    if len(subjects) == 1:
        opened, still = f"{worst.severity} {worst.kind}", f"still open, {worst.severity}"
        begin = {"opened": opened, "still open": still, "resolved": "resolved"}[state]
        return f"{formatting.sentence_case(begin)}: {worst.text} ({fleet})"
    kinds = {kind: sum(one.kind == kind for one in subjects) for kind in dict.fromkeys(one.kind for one in subjects)}
    count = ", ".join(formatting.plural(n, kind) for kind, n in kinds.items())
    words = {"opened": f"{count} opened", "still open": f"{count} still open", "resolved": f"{count} resolved"}
    bad = sum(one.severity == worst.severity for one in subjects)
    return f"{words[state]}, {bad:,} {worst.severity}: {worst.text}, and {len(subjects) - 1:,} more ({fleet})"


def invented(context: Context, name: str, settings: Notify) -> list[tuple[State, bytes, str]]:
    """Two messages of one thread about an alert that there is not: opened, then resolved. State, body, identity."""
    now = context.clock.now()
    opened = Subject(
        id="perf-test", kind="alert", severity="high", resource="plimsoll-test", name="plimsoll-test", type="cluster",
        owner="", metric="cpu_utilization", text="This is a test of Plimsoll: no machine is over a line", opened=now,
        value=97.0, threshold=90.0,
    )  # fmt: skip
    made: list[tuple[State, bytes, str]] = []
    mail, fleet = context.config.get("mail", Mail), context.config.get("plimsoll", Plimsoll).name
    key = hashlib.sha256(f"{name}\0{rfc3339(now)}".encode()).hexdigest()[:24]
    domain = mail.sender.rpartition("@")[2] or "plimsoll"
    states: tuple[tuple[State, Subject], ...] = (("opened", opened), ("resolved", replace(opened, closed=now)))
    for number, (state, subject) in enumerate(states):
        identity = f"<test.{key}.{number}@{domain}>"
        notice = Notice(
            identity=identity, thread=f"<test.{key}.0@{domain}>", state=state, fleet=fleet,
            head=head_of(state, [subject], fleet), subjects=[subject], open_left=1 - number, at=now,
        )  # fmt: skip
        made.append((state, body_of(notice, settings, mail), identity))
    return made


def local_zone(context: Context) -> ZoneInfo:
    """The project's zone."""
    return zone(context.config.get("plimsoll", Plimsoll).timezone)
