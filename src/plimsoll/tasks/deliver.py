"""Delivering: a published report becomes messages in the outbox, and the outbox is emptied, one message at a time."""

import os
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from plimsoll.clock import rfc3339
from plimsoll.delivery import smtp
from plimsoll.delivery.channels import channels
from plimsoll.delivery.message import MailContent, dated, message, message_id
from plimsoll.delivery.notify import Notify
from plimsoll.delivery.outcome import Outcome
from plimsoll.delivery.post import encoded, post
from plimsoll.delivery.sent_log import FILE as SENT
from plimsoll.delivery.sent_log import SentLog
from plimsoll.delivery.settings import Mail, Recipient
from plimsoll.documents.report_kinds import DAILY, REPORT_KINDS
from plimsoll.errors import DiskError, PlimsollError, shown
from plimsoll.ledger.notices import CHANNEL
from plimsoll.ledger.outbox import ALERT, Outbox, OutboxMessage
from plimsoll.project.context import Context
from plimsoll.publish.files import place
from plimsoll.publish.views.verdict import QUIET
from plimsoll.publish.views.view import ReportView
from plimsoll.tasks.report import PublishedReport, as_pdf, owner_view

if TYPE_CHECKING:
    from plimsoll.publish.render.mail import MailParts

BACK_OFF_S: Final = (60, 300, 900, 3600, 7200)
ALERT_BACK_OFF_S: Final = (30, 60, 120, 300, 600)
MOST_LOSSES: Final = 2
PASS_S: Final = 60.0
_CHANNELS: Final = (CHANNEL, "webhook")
"""What the outbox calls channels of [notify]; `webhook` is the name that an earlier release queued them under."""
_STATES: Final[Mapping[str, str]] = MappingProxyType({"later": "queued", "uncertain": "uncertain", "sent": "sent"})


def outbox(context: Context) -> Outbox:
    """The project's outbox."""
    return context.ledger.outbox


def _sent(context: Context) -> SentLog:
    """What was accepted for delivery, whatever the ledger knows of it."""
    return SentLog(context.data / SENT)


def publish_and_queue(context: Context, kind: str, made: PublishedReport) -> None:
    """Puts a report into the outbox; raises, once that is done, where a part of the report could not be made."""
    queue(context, kind, made)
    if made.failed:
        without = "; ".join(f"{part} ({reason})" for part, reason in sorted(made.failed.items()))
        raise PlimsollError(f"the {kind} report is published, but without: {without}")


def queue(context: Context, kind: str, made: PublishedReport) -> int:
    """Puts a report's messages into the outbox; a message that was put in before is not put in again.

    A revision goes to those who have no report of its window yet; to the others where `[mail] revisions` asks for it.
    Gives how many messages are new.
    """
    new, mail = 0, context.config.get("mail", Mail)
    for name, recipient in context.config.under("recipients", Recipient).items():
        if not mail.host or kind not in recipient.reports:
            continue
        if not mail.revisions and _tried(context, _mail_ids(kind, made, mail, name, recipient)[:-1]):
            continue
        report = owner_view(context, made, kind, recipient.owner) if _owned(recipient, kind) else made
        if recipient.when == "matters" and report.view.verdict.state in QUIET:
            continue
        new += _queue_mail(context, kind, report, mail, name, recipient)
    calm = made.view.verdict.state in QUIET
    for name, channel in context.config.under("notify", Notify).items():
        if kind != DAILY.name or not channel.shows_report(calm=calm):
            continue
        if not _tried(context, _channel_ids(kind, made, name)[:-1]):
            new += _queue_summary(context, kind, made, name, channel)
    return new


def _tried(context: Context, ids: list[str]) -> bool:
    return outbox(context).tried(ids) or not _sent(context).ids().isdisjoint(ids)


def _owned(recipient: Recipient, kind: str) -> bool:
    return recipient.role == "owner" and REPORT_KINDS[kind].span is not None


def _mail_ids(kind: str, made: PublishedReport, mail: Mail, name: str, recipient: Recipient) -> list[str]:
    return _ids(kind, made, f"{name} {recipient.address}", mail.sender.rpartition("@")[2])


def _channel_ids(kind: str, made: PublishedReport, name: str) -> list[str]:
    return _ids(kind, made, f"webhook {name}", "webhook")


def _ids(kind: str, made: PublishedReport, key: str, domain: str) -> list[str]:
    """The message ids of every revision up to this one, the first first."""
    return [
        message_id(kind, made.view.fleet, made.end, key, domain=domain, revision=number)
        for number in range(1, made.revision + 1)
    ]


def send_due(context: Context, *, chance: random.Random | None = None) -> list[tuple[OutboxMessage, Outcome]]:
    """Tries what is due, alerts first, then the oldest; each attempt is noted before, at the hand-over and after.

    After a minute no further attempt is begun, so that slow servers do not keep reports waiting: what is left is due
    in the next pass. A channel that does not answer is left alone for the rest of the pass, and no update of a thread
    is sent before the message that began it. What was sent before, and is queued
    again by a ledger that was restored, is not sent again.
    """
    box, now, began = outbox(context), context.clock.now(), context.clock.monotonic()
    done: list[tuple[OutboxMessage, Outcome]] = []
    stuck: set[str] = set()
    with box.alone():
        oldest = now - timedelta(seconds=context.config.get("mail", Mail).give_up_after)
        box.recover(now, most_losses=MOST_LOSSES, oldest=oldest)
        due = box.due(now)
        sent = _sent(context).ids() if due else frozenset[str]()
        for parcel in due:
            if parcel.id in sent and parcel.state == "queued" and not parcel.attempts:
                detail = "was sent before; the ledger that knew of it was replaced"
                box.settle(parcel.id, "sent", detail=detail, next_try=now, now=now)
                continue
            if context.clock.monotonic() - began > PASS_S:
                break
            answers = parcel.thread if parcel.thread != parcel.id else ""
            if parcel.recipient in stuck or (answers and box.waits(answers)):
                continue
            box.connecting(parcel.id, context.clock.now())
            outcome = _attempt(context, box, parcel, box.receipt(answers) if answers else "")
            if outcome.kind != "sent" and parcel.channel in _CHANNELS:
                stuck.add(parcel.recipient)
            _settle(context, box, parcel, outcome, chance or random.Random())  # noqa: S311 - spreads retries, no secret
            done.append((parcel, outcome))
    return done


def _attempt(context: Context, box: Outbox, parcel: OutboxMessage, receipt: str) -> Outcome:
    body = box.body(parcel.id)

    def sending() -> None:
        box.sending(parcel.id, context.clock.now())

    if parcel.channel in _CHANNELS:
        return hand_over(
            context,
            parcel.recipient,
            body,
            identity=parcel.id,
            receipt=receipt,
            environment=os.environ,
            retry=parcel.losses > 0,
            sending=sending,
        )
    return _mailed(context, parcel.recipient, body, os.environ, retry=parcel.losses > 0, sending=sending)


def hand_over(
    context: Context,
    name: str,
    body: bytes,
    *,
    identity: str,
    environment: Mapping[str, str],
    receipt: str = "",
    retry: bool = False,
    sending: Callable[[], None] = lambda: None,
) -> Outcome:
    """One attempt through `[notify.NAME]`; `receipt` is the service's answer to the first message of the thread.

    `retry`: the answer to an attempt before was lost. `sending` is called once the message may be accepted.
    """
    channel = context.config.under("notify", Notify).get(name)
    if channel is None:
        return Outcome("failed", f"no channel notify.{name} is configured any more")
    if channel.kind == "mail":
        return _mailed(context, channel.address, body, environment, retry=retry, sending=sending)
    return post(channel, body, identity=identity, environment=environment, receipt=receipt, sending=sending)


def _mailed(
    context: Context,
    to: str,
    body: bytes,
    environment: Mapping[str, str],
    *,
    retry: bool,
    sending: Callable[[], None],
) -> Outcome:
    mail = context.config.get("mail", Mail)
    if not mail.host:
        return Outcome("later", "no mail server is configured: [mail] host")
    letter = dated(body, context.clock.now(), retry=retry)
    return smtp.send(mail, letter, to=to, password=environment.get(mail.password_env), sending=sending)


def _settle(context: Context, box: Outbox, parcel: OutboxMessage, outcome: Outcome, chance: random.Random) -> None:
    """Back-off with jitter; after so many tries, so long, or a second loss of the answer, it has failed.

    What is about alerts is tried more often, and as long as `[mail] give_up_after` says.
    """
    mail, now = context.config.get("mail", Mail), context.clock.now()
    attempts, pauses = parcel.attempts + 1, ALERT_BACK_OFF_S if parcel.kind == ALERT else BACK_OFF_S
    pause = pauses[min(attempts, len(pauses)) - 1] * chance.uniform(0.8, 1.2)
    state, detail = _STATES.get(outcome.kind, "failed"), outcome.detail
    lost = parcel.losses + (outcome.kind == "uncertain")
    too_old = now - parcel.queued > timedelta(seconds=mail.give_up_after)
    too_often = attempts >= mail.max_attempts and parcel.kind != ALERT
    if state in ("queued", "uncertain") and (too_often or too_old or lost >= MOST_LOSSES):
        detail = f"given up after {attempts} tries: {detail}"
        state = "failed"
    next_try = now + timedelta(seconds=pause)
    box.settle(parcel.id, state, detail=detail, next_try=next_try, now=now, receipt=outcome.receipt)
    if state == "sent":
        with suppress(OSError, DiskError):  # the ledger knows it; this file is for one that was lost
            _sent(context).add(parcel.id, now)


def _queue_mail(
    context: Context, kind: str, made: PublishedReport, mail: Mail, name: str, recipient: Recipient
) -> bool:
    box, now, end = outbox(context), context.clock.now(), made.end
    made, pdfs = _with_pdf(context, kind, made) if recipient.pdf else (made, {})
    parts = _parts(context, kind, made, mail, name, recipient)
    letter = MailContent(
        kind=kind,
        verdict=made.view.verdict.state,
        subject=parts.subject,
        text=parts.text,
        html=parts.html,
        pictures=parts.pictures,
        pdfs=pdfs,
    )
    *earlier, identity = _mail_ids(kind, made, mail, name, recipient)
    raw = message(
        letter, sender=mail.sender, to=recipient.address, identity=identity, fleet=made.view.fleet,
        answers=earlier[0] if earlier else "",
    )  # fmt: skip
    return box.put(
        identity, channel="mail", recipient=recipient.address, kind=kind, end=end, body=raw,
        summary=parts.subject, now=now, replaces=earlier,
    )  # fmt: skip


def _parts(
    context: Context, kind: str, made: PublishedReport, mail: Mail, name: str, recipient: Recipient
) -> "MailParts":
    """The mail's bodies; where a template of it cannot be drawn, the verdict in plain text, with the reason."""
    from plimsoll.publish.render.mail import compose, plain

    waiting = outbox(context).waiting(channel="mail", recipient=recipient.address, kind=kind, before=made.end)
    why = f"You get this because [recipients.{name}] of this project's config names {recipient.address}."
    link = mail.link.replace("{date}", _dated(context, kind, made))
    also = [f"{parcel.window_end:%d %b %H:%M}" for parcel in waiting]
    try:
        return compose(
            made.view, end=made.end, revision=made.revision, role=recipient.role, why=why, link=link, also=also,
            folders=context.templates,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - a template is anybody's, and may raise anything
        return plain(made.view, end=made.end, revision=made.revision, why=why, link=link, reason=shown(error))


def _dated(context: Context, kind: str, made: PublishedReport) -> str:
    """Where the report lies for good below the published folder."""
    return place(context.published, REPORT_KINDS[kind].page, made.end, context.clock.now())


def _with_pdf(context: Context, kind: str, made: PublishedReport) -> tuple[PublishedReport, dict[str, bytes]]:
    """The report's PDF; where it cannot be made, the report with a notice that says why."""
    try:
        return made, {f"{kind}-{made.end:%Y-%m-%d}.pdf": as_pdf(context, made)}
    except PlimsollError as error:
        view = replace(made.view, notices=[*made.view.notices, f"{error}."])
        return replace(made, view=view), {}


def _counts(made: PublishedReport) -> dict[str, int]:
    """The counts of the situation that the verdict was made from."""
    if not isinstance(made.view, ReportView):
        return {}
    now = made.view.situation
    counts = now.counts
    return {
        "resources": now.total,
        "judged": counts.judged,
        "tooNew": counts.too_new,
        "tooSeldom": counts.too_seldom,
        "silent": counts.silent,
        "notMeasured": counts.not_due,
        "notSeen": counts.not_seen,
        "crossed": len(now.crossed),
        "opened": now.opened,
        "closed": now.closed,
    }


def _queue_summary(context: Context, kind: str, made: PublishedReport, name: str, settings: Notify) -> bool:
    """The report's verdict for a channel that shows reports."""
    mail, shape = context.config.get("mail", Mail), channels()[settings.kind].report
    assert shape is not None  # noqa: S101 - it shows reports
    payload: dict[str, Any] = {
        "kind": kind,
        "revision": made.revision,
        "fleet": made.view.fleet,
        "window": {"end": rfc3339(made.end)},
        "state": made.view.verdict.state,
        "facts": made.view.verdict.facts,
        "link": mail.link.replace("{date}", _dated(context, kind, made)),
        "alerts": list(made.alerts),
        "counts": _counts(made),
    }
    *earlier, identity = _channel_ids(kind, made, name)
    return outbox(context).put(
        identity, channel=CHANNEL, recipient=name, kind=kind, end=made.end,
        body=encoded(shape(payload, settings.channel)), summary=f"{made.view.verdict.state} {made.view.verdict.facts}",
        now=context.clock.now(), replaces=earlier,
    )  # fmt: skip
