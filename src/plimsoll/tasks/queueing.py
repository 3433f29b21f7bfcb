"""Queueing: a published report becomes one message for each recipient and each channel that shows reports."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from plimsoll.clock import rfc3339
from plimsoll.delivery.channels import channels
from plimsoll.delivery.message import MailContent, message, message_id
from plimsoll.delivery.notify import Notify
from plimsoll.delivery.post import encoded
from plimsoll.delivery.sent_log import FILE as SENT
from plimsoll.delivery.sent_log import SentLog
from plimsoll.delivery.settings import Mail, Recipient
from plimsoll.documents.report_kinds import DAILY, REPORT_KINDS
from plimsoll.errors import PlimsollError, shown
from plimsoll.ledger.notices import CHANNEL
from plimsoll.project.context import Context
from plimsoll.publish.files import place
from plimsoll.publish.views.verdict import QUIET
from plimsoll.publish.views.view import ReportView
from plimsoll.tasks.report import PublishedReport, as_pdf, owner_view

if TYPE_CHECKING:
    from plimsoll.publish.render.mail import MailParts


@dataclass(frozen=True, slots=True)
class Delivery:
    """A report on its way to one recipient or channel, which the outbox calls `to`.

    `ids` are the message ids of every revision up to this one, the first first: they are computed once, here.
    """

    kind: str
    made: PublishedReport
    channel: str
    to: str
    ids: tuple[str, ...]

    @classmethod
    def of(cls, kind: str, made: PublishedReport, *, channel: str, to: str, key: str, domain: str) -> "Delivery":
        """`key` tells recipients apart: one address may be two recipients."""
        revisions = range(1, made.revision + 1)
        ids = (message_id(kind, made.view.fleet, made.end, key, domain=domain, revision=one) for one in revisions)
        return cls(kind, made, channel, to, tuple(ids))

    def was_tried(self, context: Context) -> bool:
        """Whether an earlier revision went there, or may have."""
        earlier = self.ids[:-1]
        return context.ledger.outbox.tried(earlier) or not sent_log(context).ids().isdisjoint(earlier)

    def put(self, context: Context, body: bytes, summary: str) -> bool:
        """Puts it into the outbox; False where it was put in before."""
        *earlier, identity = self.ids
        return context.ledger.outbox.put(
            identity, channel=self.channel, recipient=self.to, kind=self.kind, end=self.made.end, body=body,
            summary=summary, now=context.clock.now(), replaces=earlier,
        )  # fmt: skip

    def link(self, context: Context, mail: Mail) -> str:
        """Where the report lies for good, as `[mail] link` leads there."""
        folder = place(context.published, REPORT_KINDS[self.kind].page, self.made.end, context.clock.now())
        return mail.link.replace("{date}", folder)


def sent_log(context: Context) -> SentLog:
    """What was accepted for delivery, whatever the ledger knows of it."""
    return SentLog(context.data / SENT)


def queue(context: Context, kind: str, made: PublishedReport) -> int:
    """Puts a report's messages into the outbox; a message that was put in before is not put in again.

    A revision goes to those who have no report of its window yet; to the others where `[mail] revisions` asks for it.
    Gives how many messages are new.
    """
    return _queue_mails(context, kind, made) + _queue_summaries(context, kind, made)


def _queue_mails(context: Context, kind: str, made: PublishedReport) -> int:
    new, mail = 0, context.config.get("mail", Mail)
    for name, recipient in context.config.under("recipients", Recipient).items():
        if not mail.host or kind not in recipient.reports:
            continue
        key, domain = f"{name} {recipient.address}", mail.sender.rpartition("@")[2]
        delivery = Delivery.of(kind, made, channel="mail", to=recipient.address, key=key, domain=domain)
        if not mail.revisions and delivery.was_tried(context):
            continue
        if recipient.role == "owner" and REPORT_KINDS[kind].span is not None:
            delivery = replace(delivery, made=owner_view(context, made, kind, recipient.owner))
        if recipient.when == "matters" and delivery.made.view.verdict.state in QUIET:
            continue
        new += _queue_mail(context, delivery, mail, name, recipient)
    return new


def _queue_summaries(context: Context, kind: str, made: PublishedReport) -> int:
    new, calm = 0, made.view.verdict.state in QUIET
    for name, channel in context.config.under("notify", Notify).items():
        if kind != DAILY.name or not channel.shows_report(calm=calm):
            continue
        key = f"webhook {name}"
        delivery = Delivery.of(kind, made, channel=CHANNEL, to=name, key=key, domain="webhook")
        if not delivery.was_tried(context):
            new += _queue_summary(context, delivery, channel)
    return new


def _queue_mail(context: Context, delivery: Delivery, mail: Mail, name: str, recipient: Recipient) -> bool:
    made, pdfs = _with_pdf(context, delivery) if recipient.pdf else (delivery.made, {})
    delivery = replace(delivery, made=made)
    parts = _parts(context, delivery, mail, name, recipient)
    letter = MailContent(
        kind=delivery.kind,
        verdict=made.view.verdict.state,
        subject=parts.subject,
        text=parts.text,
        html=parts.html,
        pictures=parts.pictures,
        pdfs=pdfs,
    )
    *earlier, identity = delivery.ids
    raw = message(
        letter, sender=mail.sender, to=recipient.address, identity=identity, fleet=made.view.fleet,
        answers=earlier[0] if earlier else "",
    )  # fmt: skip
    return delivery.put(context, raw, parts.subject)


def _parts(context: Context, delivery: Delivery, mail: Mail, name: str, recipient: Recipient) -> "MailParts":
    """The mail's bodies; where a template of it cannot be drawn, the verdict in plain text, with the reason."""
    from plimsoll.publish.render.mail import compose, plain

    made = delivery.made
    waiting = context.ledger.outbox.waiting(
        channel="mail", recipient=recipient.address, kind=delivery.kind, before=made.end
    )
    why = f"You get this because [recipients.{name}] of this project's config names {recipient.address}."
    link, also = delivery.link(context, mail), [f"{parcel.window_end:%d %b %H:%M}" for parcel in waiting]
    try:
        return compose(
            made.view, end=made.end, revision=made.revision, role=recipient.role, why=why, link=link, also=also,
            folders=context.templates,
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - a template is anybody's, and may raise anything
        return plain(made.view, end=made.end, revision=made.revision, why=why, link=link, reason=shown(error))


def _with_pdf(context: Context, delivery: Delivery) -> tuple[PublishedReport, dict[str, bytes]]:
    """The report's PDF; where it cannot be made, the report with a notice that says why."""
    made = delivery.made
    try:
        return made, {f"{delivery.kind}-{made.end:%Y-%m-%d}.pdf": as_pdf(context, made)}
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


def _queue_summary(context: Context, delivery: Delivery, settings: Notify) -> bool:
    """The report's verdict for a channel that shows reports."""
    made, mail, shape = delivery.made, context.config.get("mail", Mail), channels()[settings.kind].report
    assert shape is not None  # noqa: S101 - it shows reports
    payload: dict[str, Any] = {
        "kind": delivery.kind,
        "revision": made.revision,
        "fleet": made.view.fleet,
        "window": {"end": rfc3339(made.end)},
        "state": made.view.verdict.state,
        "facts": made.view.verdict.facts,
        "link": delivery.link(context, mail),
        "alerts": list(made.alerts),
        "counts": _counts(made),
    }
    summary = f"{made.view.verdict.state} {made.view.verdict.facts}"
    return delivery.put(context, encoded(shape(payload, settings.channel)), summary)
