"""Reports by mail through a real SMTP server: what arrives, what is tried again, and what is said of it (F05-F12)."""

import random
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.project import Project
from plimsoll.project.runner import context
from plimsoll.publish.views.view import ReportView
from plimsoll.tasks.deliver import outbox, send_due
from plimsoll.tasks.queueing import queue
from plimsoll.tasks.report import daily, owner_view
from tests.clocks import OwnedClock
from tests.fleets import UNTIL
from tests.mailing import states, wired
from tests.post_office import PASSWORD, PostOffice, open_post_office
from tests.shared import ROOT

CHANCE = random.Random(1)


def test_a_report_arrives_once_whole_and_with_its_headers(demo: Path, office: PostOffice) -> None:
    """Text first, HTML with two pictures, the verdict in the subject; asked for again, nothing is sent again."""
    ctx = wired(demo, office.port)
    made = daily(ctx)
    assert queue(ctx, "daily", made) == 1
    assert [outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)] == ["sent"]
    assert queue(ctx, "daily", made) == 0
    assert send_due(ctx, chance=CHANCE) == []
    (mail,) = office.received
    assert mail["Subject"].startswith(made.view.verdict.state.rstrip("."))
    assert "16 Jan" in mail["Subject"]
    assert len(mail["Subject"]) <= 78
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert mail["Message-ID"].startswith("<daily.20260116T180000Z.r1.")
    assert mail["X-Plimsoll-Kind"] == "daily"
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "image/png",
    ]  # fmt: skip
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    for body in (text.get_content(), html.get_content()):
        assert made.view.verdict.state in body
        assert "https://reports.example.org/2026/01/16/daily.html" in body
    assert len(html.get_content().encode()) <= 80_000
    assert max(len(line) for line in office.raw[0].split(b"\r\n\r\n", 1)[1].split(b"\r\n")) <= 100
    assert PASSWORD.encode() not in office.raw[0]


def test_a_hostile_name_is_inert_in_subject_headers_and_bodies(demo: Path, office: PostOffice) -> None:
    """Bad inputs B62, B63 and B65: nothing ends a header, nothing becomes a tag or a template."""
    ctx = wired(demo, office.port)
    hostile = "x\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>{{ 7*7 }}"
    (demo / "config.toml").write_text(
        (demo / "config.toml").read_text().replace('name = "demo"', f"name = {_toml(hostile)}")
    )
    with pytest.raises(Exception, match="printable"):
        Project.open(demo, here=demo).config()
    from plimsoll.delivery.message import MailContent, message

    letter = MailContent(kind="daily", verdict="x\r\ny", subject=hostile, text=hostile, html="")
    raw = message(letter, sender="a@example.org", to="b@example.org", identity="<1@x>", fleet=hostile)
    head = raw.split(b"\r\n\r\n")[0] if b"\r\n\r\n" in raw else raw.split(b"\n\n")[0]
    assert b"\nBcc" not in head
    assert ctx.config


def _toml(text: str) -> str:
    import json

    return json.dumps(text)


def test_an_unreachable_server_costs_nothing_but_time_and_the_order_is_kept(demo: Path, office: PostOffice) -> None:
    """F08: refused for hours, then everything goes out, oldest first."""
    clock = OwnedClock(UNTIL)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = closed.getsockname()[1]
    ctx = wired(demo, dead, to=("a@example.org", "b@example.org"), clock=clock)
    queue(ctx, "daily", daily(ctx))
    for _ in range(6):
        assert {outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)} <= {"later"}
        clock.advance(3600)
    assert all(state == "queued" and tries >= 3 for _, state, tries in states(ctx))
    text = (demo / "config.toml").read_text().replace(f"port = {dead}", f"port = {office.port}")
    (demo / "config.toml").write_text(text)
    clock.advance(3 * 3600)
    again = context(Project.open(demo, here=demo), clock=clock, as_of=UNTIL)
    send_due(again, chance=CHANCE)
    assert [mail["To"] for mail in office.received] == ["a@example.org", "b@example.org"]


def test_greylisting_is_waited_for(demo: Path, office: PostOffice) -> None:
    """F10: 4xx, then accepted: one mail."""
    clock = OwnedClock(UNTIL)
    ctx = wired(demo, office.port, clock=clock)
    queue(ctx, "daily", daily(ctx))
    office.rcpt = lambda _: "451 4.7.1 try again later"
    assert [outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)] == ["later"]
    assert send_due(ctx, chance=CHANCE) == []  # it is not yet time
    office.rcpt = lambda _: None
    clock.advance(120)
    assert [outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)] == ["sent"]
    assert len(office.received) == 1


def test_one_refused_recipient_costs_only_their_own_mail(demo: Path, office: PostOffice) -> None:
    """F11: two sent, one failed with the server's words, in the outbox, in status, by exit code."""
    ctx = wired(demo, office.port, to=("a@example.org", "gone@example.org", "c@example.org"))
    queue(ctx, "daily", daily(ctx))
    office.rcpt = lambda address: "550 no such \x1b[31muser" if address.startswith("gone") else None
    send_due(ctx, chance=CHANCE)
    assert sorted(state for _, state, _ in states(ctx)) == ["failed", "sent", "sent"]
    (problem,) = outbox(ctx).problems(UNTIL)
    assert problem.startswith("The daily report of 16 Jan 18:00 was not delivered to gone@example.org: 550 no such")
    assert "\x1b" not in problem


def test_a_lost_answer_is_tried_once_more_with_the_same_id_and_then_given_up(demo: Path, office: PostOffice) -> None:
    """F07: the server took the message and said nothing."""
    clock = OwnedClock(UNTIL)
    ctx = wired(demo, office.port, clock=clock)
    queue(ctx, "daily", daily(ctx))
    office.keep_silent = True
    assert [outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)] == ["uncertain"]
    clock.advance(120)
    send_due(ctx, chance=CHANCE)
    assert states(ctx)[0][1] == "failed"
    assert len({mail["Message-ID"] for mail in office.received}) == 1
    assert len(office.received) == 2


def test_a_process_that_dies_while_it_sends_sends_once_more(demo: Path, office: PostOffice) -> None:
    """F06: noted as sending, never settled; the next start takes it for uncertain."""
    ctx = wired(demo, office.port)
    queue(ctx, "daily", daily(ctx))
    box = outbox(ctx)
    (parcel,) = box.due(UNTIL)
    box.connecting(parcel.id, UNTIL)
    box.sending(parcel.id, UNTIL)
    assert states(ctx)[0][1] == "sending"
    assert [outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)] == ["sent"]
    assert states(ctx) == [("on-call@example.org", "sent", 2)]


SENDS = """
import os, signal, sys
from pathlib import Path
from plimsoll.tasks.deliver import send_due
from plimsoll.ledger.outbox import Outbox
from plimsoll.project import Project
from plimsoll.project.runner import context
from tests.clocks import OwnedClock
from tests.fleets import UNTIL
Outbox.settle = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # the server has said 250; nothing is noted
root = Path(sys.argv[1])
send_due(context(Project.open(root, here=root), clock=OwnedClock(UNTIL), as_of=UNTIL))
"""


def test_a_real_process_killed_between_the_answer_and_the_ledger_sends_once_more(
    demo: Path, office: PostOffice
) -> None:
    """F06: two mails of one Message-ID at most, and the ledger counts both."""
    ctx = wired(demo, office.port)
    queue(ctx, "daily", daily(ctx))
    killed = subprocess.run([sys.executable, "-c", SENDS, str(demo)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(office.received) == 1
    assert states(ctx) == [("on-call@example.org", "sending", 1)]
    assert [outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)] == ["sent"]
    assert send_due(ctx, chance=CHANCE) == []
    assert len({mail["Message-ID"] for mail in office.received}) == 1
    assert len(office.received) == 2
    assert states(ctx) == [("on-call@example.org", "sent", 2)]


def test_a_kill_during_the_retry_of_a_lost_answer_is_the_last_one(demo: Path, office: PostOffice) -> None:
    """F06, F07: accepted twice at most, the second time marked; a third time nobody would know how often it came."""
    clock = OwnedClock(UNTIL)
    ctx = wired(demo, office.port, clock=clock)
    queue(ctx, "daily", daily(ctx))
    office.keep_silent = True
    assert [outcome.kind for _, outcome in send_due(ctx, chance=CHANCE)] == ["uncertain"]
    clock.advance(120)
    killed = subprocess.run([sys.executable, "-c", SENDS.replace("UNTIL)", "LATER)").replace(
        "import UNTIL", "import UNTIL\nfrom datetime import timedelta\nLATER = UNTIL + timedelta(minutes=2)"
    ), str(demo)], cwd=ROOT, check=False)  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    clock.advance(86_400)
    assert send_due(ctx, chance=CHANCE) == []
    assert states(ctx) == [("on-call@example.org", "failed", 2)]
    (line,) = outbox(ctx).problems(clock.now())
    assert line.endswith("given up after 2 tries: the process ended while it was sent")
    assert [mail["X-Plimsoll-Retry"] is not None for mail in office.received] == [False, True]
    assert len({mail["Message-ID"] for mail in office.received}) == 1


def test_a_server_that_never_speaks_is_left_after_the_deadline(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F09: TCP is accepted, nothing follows."""
    monkeypatch.setattr("plimsoll.delivery.smtp._STEP_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        ctx = wired(demo, mute.getsockname()[1])
        queue(ctx, "daily", daily(ctx))
        ((_, outcome),) = send_due(ctx, chance=CHANCE)
    assert (outcome.kind, "timed out" in outcome.detail) == ("later", True)


def test_nothing_is_sent_in_the_clear(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F12: no STARTTLS where it is asked for, and a certificate that nobody vouches for: no fall-back, no password."""
    monkeypatch.setenv("PLIMSOLL_SMTP_PASSWORD", PASSWORD)
    with open_post_office(tmp_path, tls=False) as plain:
        ctx = wired(demo, plain.port)
        queue(ctx, "daily", daily(ctx))
        ((_, outcome),) = send_due(ctx, chance=CHANCE)
        assert (outcome.kind, plain.received) == ("later", [])
        assert "offers no STARTTLS; nothing was sent in the clear" in outcome.detail
    with open_post_office(tmp_path / "tls") as unknown:
        ctx = wired(demo, unknown.port)
        queue(ctx, "daily", daily(ctx))
        ((_, outcome),) = send_due(ctx, chance=CHANCE)
        assert (outcome.kind, unknown.received) == ("later", [])
        assert "certificate" in outcome.detail


def test_a_wrong_or_missing_password_is_said(demo: Path, office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the variable's name, never by its value."""
    for password, said in (
        ("wrong-one", "refused the login of plimsoll (535)"),
        (None, "set the variable PLIMSOLL_SMTP"),
    ):
        if password is None:
            monkeypatch.delenv("PLIMSOLL_SMTP_PASSWORD")
        else:
            monkeypatch.setenv("PLIMSOLL_SMTP_PASSWORD", password)
        ctx = wired(demo, office.port)
        queue(ctx, "daily", daily(ctx))
        ((_, outcome),) = send_due(ctx, chance=CHANCE)
        assert said in outcome.detail
        assert "wrong-one" not in outcome.detail


def test_after_a_pause_one_mail_tells_of_all(demo: Path, office: PostOffice) -> None:
    """Digest: three windows were made before any could be sent; the newest is mailed and names the others."""
    ctx = wired(demo, office.port)
    made = daily(ctx)
    from dataclasses import replace

    for hours in (2, 1, 0):
        queue(ctx, "daily", replace(made, end=UNTIL - timedelta(hours=hours)))
    send_due(ctx, chance=CHANCE)
    assert sorted(state for _, state, _ in states(ctx)) == ["digested", "digested", "sent"]
    (mail,) = office.received
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Also made meanwhile: 16 Jan 17:00." in body.get_content()


def test_two_deliverers_at_once_send_each_message_once(demo: Path, office: PostOffice) -> None:
    """A person asks while the job runs."""
    ctx = wired(demo, office.port)
    queue(ctx, "daily", daily(ctx))
    threads = [threading.Thread(target=send_due, args=(ctx,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(office.received) == 1
    assert states(ctx) == [("on-call@example.org", "sent", 1)]


def test_an_owner_sees_only_what_is_theirs(demo: Path, office: PostOffice) -> None:
    """And the numbers are made by the same rules from the same state of the lake."""
    more = '[recipients.vision]\naddress = "vision@example.org"\nrole = "owner"\nowner = "nobody-has-this"\n'
    ctx = wired(demo, office.port, more=more, to=())
    queue(ctx, "daily", daily(ctx))
    send_due(ctx, chance=CHANCE)
    body = office.received[0].get_body(("plain",))
    assert body is not None
    names = {r.resource_id for r in ctx.sources().resources()}
    assert names
    assert not [name for name in names if name in body.get_content()]
    assert f"Yours: 0 of the {len(names)} resources of demo." in body.get_content()


def test_the_owners_parts_add_up_to_the_fleet(demo: Path, office: PostOffice) -> None:
    """Each resource and each alert stands in exactly one owner's report."""
    ctx = wired(demo, office.port)
    whole = daily(ctx)
    resources = ctx.sources().resources()
    owners = {r.labels.get("owner", "") for r in resources}
    views = [owner_view(ctx, whole, "daily", owner).view for owner in owners - {""}]
    unowned = sum("owner" not in r.labels for r in resources)
    assert isinstance(whole.view, ReportView)
    parts = [one for one in views if isinstance(one, ReportView)]
    assert len(parts) > 1
    assert sum(len(one.rows) for one in parts) + unowned == len(whole.view.rows)
    names = sorted(row.full_name for one in parts for row in one.rows)
    assert len(set(names)) == len(names)


def test_the_commands_say_what_became_of_it(demo: Path, office: PostOffice, capsys: pytest.CaptureFixture[str]) -> None:
    """`mail --test`, `report --mail`, `outbox`."""
    wired(demo, office.port)
    where = ["--project", str(demo)]
    assert run(["mail", "--test", "me@example.org", *where]) == 0
    assert office.received[0]["Subject"].startswith("Plimsoll can mail you")
    assert run(["report", "daily", "--mail", "--as-of", "2026-01-16T18:00:00Z", *where]) == 0
    assert "mail to on-call@example.org: sent" in capsys.readouterr().err
    assert run(["outbox", *where]) == 0
    assert "on-call@example.org" in capsys.readouterr().out
