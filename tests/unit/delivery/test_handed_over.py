"""What was never handed over is tried again as often as it takes; only from the final dot on is it open (F06, F07)."""

import smtplib
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from plimsoll.delivery import http, smtp
from plimsoll.delivery.message import dated
from plimsoll.delivery.settings import Mail
from plimsoll.ledger.outbox import Outbox
from plimsoll.project.context import Context
from plimsoll.tasks.deliver import outbox, send_due
from tests.clocks import OwnedClock
from tests.fleets import UNTIL
from tests.mailing import states, wired
from tests.post_office import PostOffice

LETTER = b"Subject: x\nMessage-ID: <a@x>\n\nfirst\n.\n..dots\nlast"
ANSWERS = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 taken\r\n")


class Killed(BaseException):
    """Stands for a kill: nothing of ours catches it, nothing is settled after it."""


def letter(ctx: Context, *, age: timedelta = timedelta(0)) -> None:
    """One message in an empty outbox."""
    outbox(ctx).put(
        "<a@x>", channel="mail", recipient="b@example.org", kind="daily", end=UNTIL, body=LETTER, summary="x",
        now=UNTIL - age,
    )  # fmt: skip


def killed_at(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Every SMTP session from now on is killed when it takes this step."""

    def kill(*_: object, **__: object) -> None:
        raise Killed

    where: type = Outbox if step == "sending" else smtplib.SMTP
    monkeypatch.setattr(where, step, kill)


@pytest.mark.parametrize("step", ["connect", "ehlo", "login", "mail", "rcpt", "docmd", "sending"])
def test_kills_before_the_final_dot_never_give_a_message_up(
    demo: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Five kills at the same step; then it arrives once, unmarked, as the first try that counts."""
    clock = OwnedClock(UNTIL)
    ctx = wired(demo, office.port, clock=clock)
    letter(ctx)
    with monkeypatch.context() as patched:
        killed_at(patched, step)
        for _ in range(5):
            with pytest.raises(Killed):
                send_due(ctx)
            assert states(ctx)[0][1:] == ("connecting", 1)
            assert send_due(ctx) == []  # it lets the others go first
            assert states(ctx)[0][1:] == ("queued", 0)
            clock.advance(60)
    assert [outcome.kind for _, outcome in send_due(ctx)] == ["sent"]
    (mail,) = office.received
    assert mail["X-Plimsoll-Retry"] is None
    assert states(ctx)[0][1:] == ("sent", 1)


def test_a_kill_after_a_lost_answer_keeps_the_mark(
    demo: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been accepted before: an attempt that handed nothing over changes nothing about that."""
    clock = OwnedClock(UNTIL)
    ctx = wired(demo, office.port, clock=clock)
    letter(ctx)
    office.keep_silent = True
    assert [outcome.kind for _, outcome in send_due(ctx)] == ["uncertain"]
    office.keep_silent = False
    clock.advance(120)
    with monkeypatch.context() as patched:
        killed_at(patched, "rcpt")
        with pytest.raises(Killed):
            send_due(ctx)
    send_due(ctx)
    assert states(ctx)[0][1:] == ("uncertain", 1)
    clock.advance(60)
    assert [outcome.kind for _, outcome in send_due(ctx)] == ["sent"]
    assert [mail["X-Plimsoll-Retry"] is not None for mail in office.received] == [False, True]


def test_a_message_that_ends_every_process_is_given_up_by_age_and_said(
    demo: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within `give_up_after` it waits; older than that, it has failed in words."""
    clock = OwnedClock(UNTIL)
    ctx = wired(demo, office.port, clock=clock, more='give_up_after = "2h"')
    letter(ctx)
    killed_at(monkeypatch, "mail")
    for minutes in (0, 119):
        clock.advance(60 * minutes)
        with pytest.raises(Killed):
            send_due(ctx)
        if not minutes:
            send_due(ctx)
            assert states(ctx)[0][1:] == ("queued", 0)
    clock.advance(120)
    assert send_due(ctx) == []
    (problem,) = outbox(ctx).problems(clock.now())
    assert problem.endswith("given up after 1 tries: the process ended before it was handed over")


@contextmanager
def talking(answers: tuple[bytes, ...], taken: list[bytes]) -> Generator[Mail]:
    """A server that gives these answers in their order, then closes; `taken` is the message up to its final dot."""
    server = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        with suppress(OSError):
            one, _ = server.accept()
            with one, one.makefile("rwb") as file:
                for number, answer in enumerate(answers):
                    if number == len(ANSWERS) - 1:
                        while (line := file.readline()) not in (b".\r\n", b""):
                            taken.append(line)
                    elif number:
                        file.readline()
                    file.write(answer)
                    file.flush()

    thread = threading.Thread(target=talk)
    thread.start()
    settings = {"host": "127.0.0.1", "port": server.getsockname()[1], "security": "none", "sender": "a@example.org"}
    try:
        yield Mail.model_validate(settings)
    finally:
        server.close()
        thread.join(5)


@pytest.mark.parametrize("step", range(len(ANSWERS)))
@pytest.mark.parametrize("half", [b"", b"2", b"25", b"5", b"hello\r\n"])
def test_a_connection_that_breaks_in_an_answer_is_later_or_open_and_never_final(step: int, half: bytes) -> None:
    """Half of "250" is no refusal: before the final dot it is tried again, after it nobody knows."""
    called: list[int] = []
    with talking((*ANSWERS[:step], half), []) as mail:
        outcome = smtp.send(
            mail, LETTER, to="b@example.org", password=None, seconds=5, sending=lambda: called.append(1)
        )
    last = step == len(ANSWERS) - 1
    assert (outcome.kind, len(called)) == (("uncertain", 1) if last else ("later", 0))


def test_a_message_arrives_byte_by_byte_as_it_was_queued() -> None:
    """Lines end as SMTP wants them; a line that begins with a dot has one more on the way."""
    taken: list[bytes] = []
    with talking(ANSWERS, taken) as mail:
        assert smtp.send(mail, dated(LETTER, UNTIL), to="b@example.org", password=None).kind == "sent"
    text = b"".join(taken).split(b"\r\n\r\n", 1)[1]
    assert text == b"first\r\n..\r\n...dots\r\nlast\r\n"


def test_a_request_is_noted_once_connected_and_before_its_first_byte() -> None:
    """What cannot connect is not noted; what is noted has sent nothing yet."""
    called: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"

        def note() -> None:
            one, _ = server.accept()
            with one:
                one.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    one.recv(1)
            called.append("connected")

        with pytest.raises(http.NoAnswer):
            http.request("POST", address, body=b"{}", seconds=5, sending=note)
    with pytest.raises(http.Unreached):
        http.request("POST", address, body=b"{}", seconds=5, sending=lambda: called.append("unreached"))
    assert called == ["connected"]
