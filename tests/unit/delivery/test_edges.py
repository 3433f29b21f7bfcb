"""Delivery at its edges: what a message may be, which address is spoken to, what is due when, and what is given up."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from plimsoll.delivery import http
from plimsoll.delivery import post as posting
from plimsoll.delivery.hosts import host_of, refusal
from plimsoll.delivery.message import MOST_HTML_BYTES, MailContent, dated, message, message_id, one_line
from plimsoll.delivery.notify import Notify
from plimsoll.delivery.outcome import Outcome
from plimsoll.ledger import Ledger, RunResult
from plimsoll.ledger.outbox import ALERT, Outbox

NOW = datetime(2026, 1, 16, 18, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


def letter(**more: Any) -> MailContent:  # noqa: ANN401
    """A mail's content."""
    known: dict[str, Any] = {"kind": "daily", "verdict": "All calm.", "subject": "s", "text": "t", "html": "", **more}
    return MailContent(**known)


def made(content: MailContent, **more: Any) -> Any:  # noqa: ANN401 - email's
    """The message as a reader gets it."""
    told = {"sender": "p@example.org", "to": "a@example.org", "identity": "<i@x>", "fleet": "My Fleet!", **more}
    return message_from_bytes(message(content, **told), policy=policy.default)


def test_an_id_is_fixed_by_what_it_is_about() -> None:
    """Kind, fleet, window, recipient and revision, each."""
    known = {"kind": "daily", "fleet": "f", "end": NOW, "recipient": "r", "domain": "x.org", "revision": 2}
    first = message_id(**known)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert first.startswith("<daily.20260116T180000Z.r2.")
    assert len(first) == len("<daily.20260116T180000Z.r2.") + 16 + len("@x.org>")
    for more in ({"kind": "w"}, {"fleet": "g"}, {"end": NOW + SECOND}, {"recipient": "s"}, {"revision": 3}):
        assert message_id(**{**known, **more}) != first  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_message_has_what_it_needs_and_nothing_else() -> None:
    """Headers, bodies, pictures beside the HTML, PDFs behind; what it answers only where it answers one."""
    plain = made(letter())
    assert plain.get_content_type() == "text/plain"
    assert (plain["From"], plain["To"], plain["Message-ID"]) == ("Plimsoll <p@example.org>", "a@example.org", "<i@x>")
    assert (plain["List-Id"], plain["X-Plimsoll-Verdict"]) == ("Plimsoll reports <my-fleet.plimsoll>", "all-calm")
    assert (plain["In-Reply-To"], plain["References"], plain["Date"]) == (None, None, None)
    rich = made(letter(html="<p>x</p>", pictures={"a": b"png"}, pdfs={"d.pdf": b"%PDF"}), answers="<first@x>")
    assert rich["In-Reply-To"] == rich["References"] == "<first@x>"
    parts = [(part.get_content_type(), part.get_filename(), part["Content-ID"]) for part in rich.walk()]
    assert ("image/png", "a.png", "<a>") in parts
    assert ("application/pdf", "d.pdf", None) in parts
    assert "text/html" in [kind for kind, _, _ in parts]
    assert made(letter(), fleet="!!!")["List-Id"] == "Plimsoll reports <fleet.plimsoll>"
    assert made(letter(), fleet="x" * 99)["List-Id"] == f"Plimsoll reports <{'x' * 60}.plimsoll>"
    made(letter(html="x" * MOST_HTML_BYTES))
    with pytest.raises(ValueError, match="more than 80,000 bytes"):
        made(letter(html="x" * (MOST_HTML_BYTES + 1)))


def test_a_subject_is_one_line_of_at_most_78() -> None:
    """Cut with a mark where it is longer; controls are spaces."""
    assert made(letter(subject="x" * 78))["Subject"] == "x" * 78
    assert made(letter(subject="x" * 79))["Subject"] == "x" * 77 + "…"
    assert one_line("a\x00b\u2028c", most=5) == "a b c"
    assert one_line("abcdef", most=5) == "abcd…"
    raw = dated(b"Subject: x\r\n\r\nt", NOW, retry=True)
    assert raw.startswith(b"Date: Fri, 16 Jan 2026 18:00:00 +0000\r\nX-Plimsoll-Retry: the answer to an earlier")
    assert b"Retry" not in dated(b"", NOW)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://h.example/x", ""), ("http://h.example/x", "only https"), ("http://127.0.0.1:1/x", ""),
        ("http://localhost/x", ""), ("http://[::1]/x", ""), ("http://127.9.9.9/", ""),
        ("http://10.0.0.1/", "only https"),
        ("https://evil.example/", "is not one of its hosts"), ("https://h.example.evil/", "is not one of its hosts"),
        ("ftp://h.example/", "only https"), ("", "is not one of its hosts"),
    ],
)  # fmt: skip
def test_which_address_is_spoken_to(address: str, said: str) -> None:
    """A named host over https, or this machine; what is refused is named by its host alone."""
    hosts = ("h.example", "127.0.0.1", "localhost", "::1", "127.9.9.9", "10.0.0.1")
    found = refusal(address, hosts)
    assert said in found
    assert bool(found) is bool(said)
    assert "/x" not in found
    assert host_of("https://u:p@h.example:9/x?k=1") == "h.example"


def said(monkeypatch: pytest.MonkeyPatch, answer: Any, **more: Any) -> tuple[Outcome, dict[str, Any]]:  # noqa: ANN401
    """The outcome of one POST whose answer, or failure, is this; and what was sent."""
    sent: dict[str, Any] = {}

    def request(method: str, address: str, **given: Any) -> http.Said:  # noqa: ANN401
        sent.update(method=method, address=address, **given)
        if isinstance(answer, Exception):
            raise answer
        return http.Said(*answer)

    monkeypatch.setattr(http, "request", request)
    settings = Notify.model_validate(more.pop("settings", {"url": "https://h.example/x"}))
    told: dict[str, Any] = {"identity": "<i@x>", "environment": {"K": "s3cret"}, **more}
    return posting.post(settings, b'{"a": 1}', **told), sent


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        ((200, "ok"), "sent", "200"), ((204, ""), "sent", "204"), ((299, ""), "sent", "299"),
        ((199, "x"), "failed", "199"), ((300, "x"), "failed", "300"), ((400, "no"), "failed", "h.example: 400 no"),
        ((408, ""), "later", "408"), ((425, ""), "later", "425"), ((429, ""), "later", "429"),
        ((430, ""), "failed", "430"),
        ((499, ""), "failed", "499"), ((500, ""), "later", "500"), ((503, ""), "later", "503"),
        (http.Unreached("refused"), "later", "h.example: refused"),
        (http.NoAnswer("cut"), "uncertain", "h.example: cut"),
    ],
)  # fmt: skip
def test_each_answer_has_its_outcome(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str] | Exception, kind: str, detail: str
) -> None:
    """2xx is sent; what may be better later is tried again; the rest is final."""
    outcome, sent = said(monkeypatch, answer)
    assert outcome.kind == kind
    assert detail in outcome.detail
    assert sent["headers"] == {"X-Plimsoll-Message-ID": "<i@x>"}
    assert (sent["method"], sent["seconds"], sent["body"]) == ("POST", 10.0, b'{"a": 1}')


SLACK = {"kind": "slack", "key_env": "K", "channel": "#ops"}


def test_a_key_goes_where_its_service_wants_it_and_is_never_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a bearer, or in the body; with what it answers in its thread; a 200 that says no is no."""
    ok = (200, '{"ok": true, "ts": "17.1"}')
    outcome, sent = said(monkeypatch, ok, settings=SLACK, receipt="16.0")
    assert (outcome.kind, outcome.receipt) == ("sent", "17.1")
    assert sent["headers"]["Authorization"] == "Bearer s3cret"
    assert sent["body"] == posting.encoded({"a": 1, "thread_ts": "16.0"})
    for error, kind in (("ratelimited", "later"), ("internal_error", "later"), ("invalid_auth", "failed")):
        outcome, _ = said(monkeypatch, (200, f'{{"ok": false, "error": "{error}"}}'), settings=SLACK)
        assert (outcome.kind, error in outcome.detail) == (kind, True)
    outcome, _ = said(monkeypatch, (200, "[1]"), settings=SLACK)
    assert (outcome.kind, outcome.receipt) == ("sent", "")
    outcome, _ = said(monkeypatch, (403, "key s3cret is wrong"), settings=SLACK)
    assert (outcome.kind, outcome.detail.endswith("403 key *** is wrong")) == ("failed", True)
    _, sent = said(monkeypatch, (202, "{}"), settings={"kind": "pagerduty", "key_env": "K"})
    assert sent["body"] == posting.encoded({"a": 1, "routing_key": "s3cret"})
    assert "Authorization" not in sent["headers"]
    outcome, sent = said(monkeypatch, ok, settings=SLACK, environment={})
    assert (outcome, sent) == (Outcome("later", "no key: set the variable K"), {})
    hook = {"url_env": "HOOK", "hosts": ("h.example",)}
    outcome, sent = said(monkeypatch, ok, settings=hook)
    assert (outcome, sent) == (Outcome("later", "no address: set the variable HOOK"), {})
    outcome, sent = said(monkeypatch, ok, settings=hook, environment={"HOOK": "https://evil.example/x"})
    assert (outcome.kind, sent) == ("failed", {})


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    """An empty outbox."""
    return Outbox(tmp_path / "ledger.sqlite")


def put(box: Outbox, name: str, *, end: datetime = NOW, kind: str = "daily", now: datetime = NOW, **more: Any) -> bool:  # noqa: ANN401
    """Queues a message."""
    known: dict[str, Any] = {"channel": "mail", "recipient": "a@example.org", "body": b"x", "summary": name, **more}
    return box.put(name, kind=kind, end=end, now=now, **known)


def listed(box: Outbox) -> dict[str, tuple[str, int, int]]:
    """State, tries and losses by id."""
    return {one.id: (one.state, one.attempts, one.losses) for one in box.listed(NOW - 99 * DAY)}


def test_what_waits_untried_is_digested_by_the_newer_window_alone(box: Outbox) -> None:
    """Of the same channel, recipient and kind, and only what is older; and what is replaced by its id."""
    assert put(box, "old", end=NOW - DAY)
    assert put(box, "other", end=NOW - DAY, recipient="b@example.org")
    assert put(box, "weekly", end=NOW - DAY, kind="weekly")
    assert put(box, "tried", end=NOW - 2 * DAY)
    box.connecting("tried", NOW)
    box.settle("tried", "queued", detail="", next_try=NOW, now=NOW)
    waiting = box.waiting(channel="mail", recipient="a@example.org", kind="daily", before=NOW)
    assert [one.id for one in waiting] == ["old"]
    assert put(box, "new")
    assert not put(box, "new")
    assert put(box, "same end", replaces=("weekly", "tried"))
    states = {name: state for name, (state, _, _) in listed(box).items()}
    assert states == {
        "old": "digested", "other": "queued", "weekly": "digested", "tried": "queued", "new": "queued",
        "same end": "queued",
    }  # fmt: skip
    assert box.tried(["new", "tried"])
    assert not box.tried(["new"])


def test_what_is_due_is_due_to_the_second_and_alerts_go_first(box: Outbox) -> None:
    """What a clock noted ahead is not waited for; what is being sent, sent or failed is not due."""
    for name, kind in (("r", "daily"), ("a", ALERT)):
        put(box, name, kind=kind, end=NOW)
    assert [one.id for one in box.due(NOW)] == ["a", "r"]
    box.connecting("a", NOW)
    box.settle("a", "queued", detail="later", next_try=NOW + MINUTE, now=NOW)
    assert [one.id for one in box.due(NOW + MINUTE - SECOND)] == ["r"]
    assert [one.id for one in box.due(NOW + MINUTE)] == ["a", "r"]
    box.settle("a", "uncertain", detail="", next_try=NOW + 99 * DAY, now=NOW + DAY)
    assert [one.id for one in box.due(NOW)] == ["a", "r"]
    assert listed(box)["a"] == ("uncertain", 1, 1)
    box.settle("r", "sent", detail="", next_try=NOW, now=NOW)
    for state in ("connecting", "sending"):
        getattr(box, state)("a", NOW)
        assert box.owes(NOW)
        assert (box.due(NOW + 99 * DAY), box.waits("a")) == ([], True)
    box.settle("a", "sent", detail="250", next_try=NOW, now=NOW, receipt="17")
    assert not box.owes(NOW + 99 * DAY)
    assert (box.waits("a"), box.receipt("a"), box.receipt("none"), box.body("a")) == (False, "17", "", b"x")
    assert listed(box)["a"] == ("sent", 2, 1)


def test_what_could_not_be_delivered_is_said_for_a_week(box: Outbox) -> None:
    """After the first bound and up to the second; the last one that was sent is known by its window."""
    for name, kind in (("r", "daily"), ("a", ALERT)):
        put(box, name, kind=kind, end=NOW)
        box.settle(name, "failed", detail="550 no", next_try=NOW, now=NOW)
    assert box.undelivered(NOW, NOW + DAY) == []
    found = box.undelivered(NOW - SECOND, NOW)
    assert sorted(found) == [
        "The daily report of 16 Jan 18:00 was not delivered to a@example.org: 550 no",
        "The message about alerts of 16 Jan 18:00 was not delivered to a@example.org: 550 no",
    ]
    assert len(box.problems(NOW + 7 * DAY - SECOND)) == 2
    assert box.problems(NOW + 7 * DAY) == []
    put(box, "s", end=NOW - DAY)
    assert box.last_sent("daily", NOW) is None
    box.settle("s", "sent", detail="", next_try=NOW, now=NOW)
    assert (box.last_sent("daily", NOW), box.last_sent("daily", NOW - DAY)) == (NOW - DAY, None)


def test_windows_that_were_given_up_or_made_again_are_known(tmp_path: Path) -> None:
    """Failed, or too old to be made, since an instant; not what was made later, nor what is to be tried again."""
    runs = Ledger(tmp_path / "ledger.sqlite")

    def ended(number: int, outcome: str, *, retry: bool = False, cause: str = "error") -> int:
        at = NOW + number * MINUTE
        run = runs.claim("j", at - MINUTE, at, due=at, attempt=1, started=at, version="1")
        assert run is not None
        runs.finish(run, RunResult(outcome, 1.0, "why", cause), retry_at=at + MINUTE if retry else None)
        return run

    first, again = ended(0, "failed"), ended(1, "failed", retry=True)
    ended(2, "skipped", cause="catch_up")
    ended(3, "skipped", cause="newest only")
    assert [one.id for one in runs.failures(NOW)] == [first + 2, first]
    assert [one.id for one in runs.failures(NOW + SECOND)] == [first + 2]
    runs.give_up(again)
    assert [one.id for one in runs.failures(NOW)] == [first + 2, again, first]
    assert [one.id for one in runs.failing("j")] == [again, first]
    (failed,) = [one for one in runs.failures(NOW) if one.id == first]
    assert not runs.made_since(failed)
    later = runs.begin("j", NOW - MINUTE, NOW, started=NOW + DAY, version="1")
    assert [one.id for one in runs.unfinished()] == [later]
    runs.finish(later, RunResult("partial", 1.0))
    assert runs.made_since(failed)
    assert (runs.failing("j"), runs.unfinished()) == ([], [])
    assert (runs.last_ended("j"), runs.last("none")) == (None, None)
    good = ended(9, "success")
    ended(10, "failed")
    last = runs.last_ended("j")
    assert last is not None
    assert last.id == good
    start = runs.latest_start()
    assert start == NOW + 10 * MINUTE
    assert runs.void_after(NOW + MINUTE) == 4
    assert [one.id for one in runs.failures(NOW)] == [again, first]
