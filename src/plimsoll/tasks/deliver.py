"""Delivering: a published report becomes messages in the outbox, and the outbox is emptied, one message at a time."""

import os
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from plimsoll.delivery import smtp
from plimsoll.delivery.message import dated
from plimsoll.delivery.notify import Notify
from plimsoll.delivery.outcome import Outcome
from plimsoll.delivery.post import post
from plimsoll.delivery.settings import Mail
from plimsoll.errors import DiskError, PlimsollError
from plimsoll.ledger.notices import CHANNEL
from plimsoll.ledger.outbox import ALERT, Outbox, OutboxMessage
from plimsoll.project.context import Context
from plimsoll.tasks.queueing import queue, sent_log
from plimsoll.tasks.report import PublishedReport

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


def publish_and_queue(context: Context, kind: str, made: PublishedReport) -> None:
    """Puts a report into the outbox; raises, once that is done, where a part of the report could not be made."""
    queue(context, kind, made)
    if made.failed:
        without = "; ".join(f"{part} ({reason})" for part, reason in sorted(made.failed.items()))
        raise PlimsollError(f"the {kind} report is published, but without: {without}")


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
        sent = sent_log(context).ids() if due else frozenset[str]()
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
            sent_log(context).add(parcel.id, now)
