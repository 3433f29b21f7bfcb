"""Which alert goes into which message at the very edge of a limit, an hour, a reminder, and what its head says."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email import policy as policies
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from plimsoll.delivery.notice import Subject
from plimsoll.delivery.notify import SEVERITIES, Notify, Route, secret
from plimsoll.documents import Severity
from plimsoll.ledger.notices import Notices, Queued
from plimsoll.ledger.outbox import Outbox
from plimsoll.project import Project
from plimsoll.project.context import Context
from plimsoll.project.runner import context
from plimsoll.tasks.notify import MOST_SUBJECTS, head_of, invented, local_zone, queue_alerts
from tests.clocks import OwnedClock

NOW = datetime(2026, 1, 16, 18, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
CHAT = '[notify.chat]\nurl = "http://127.0.0.1:9/x"\nreports = "never"\n'


def subject(name: str, *, severity: Severity = "medium", opened: datetime = NOW, **more: Any) -> Subject:  # noqa: ANN401
    """An alert as people are told of it."""
    known: dict[str, Any] = {
        "id": f"perf-{name}",
        "resource": name,
        "name": name,
        "text": f"{name} is over its line",
        **more,
    }
    return Subject(
        kind="alert", severity=severity, type="cluster", owner="", metric="cpu_utilization", opened=opened, **known,
    )  # fmt: skip


class Desk:
    """A project whose alerts are queued at instants of the test's choosing; what is queued is read from the outbox."""

    def __init__(self, project: Project, clock: OwnedClock, config: str) -> None:
        self.project, self.clock = project, clock
        (project.root / "config.toml").write_text(f'[plimsoll]\nname = "fleet"\n{config}', "utf-8")
        self._seen: set[str] = set()

    def at(self, when: datetime) -> Context:
        """A run of that instant."""
        return context(self.project, clock=self.clock, as_of=when)

    def queued(self, when: datetime, *subjects: Subject) -> list[dict[str, Any]]:
        """The bodies of the messages that are new."""
        count = queue_alerts(self.at(when), subjects)
        box = Outbox(self.project.data / "ledger.sqlite")
        new = [one for one in box.listed(NOW - timedelta(days=400)) if one.id not in self._seen]
        self._seen |= {one.id for one in new}
        assert count == len(new)
        return [json.loads(box.body(one.id)) for one in new]


@pytest.fixture
def desk(project: Project, clock: OwnedClock) -> Desk:
    """One channel, no route."""
    return Desk(project, clock, CHAT)


def names(body: dict[str, Any]) -> tuple[str, list[str]]:
    """State and resources of a message."""
    return body["state"], [one["resource"] for one in body["alerts"]]


def test_without_a_channel_nothing_is_queued(project: Project, clock: OwnedClock) -> None:
    """And it is counted as nothing."""
    assert queue_alerts(Desk(project, clock, "").at(NOW), [subject("a")]) == 0


def test_the_worst_comes_first_then_the_oldest_then_by_name(desk: Desk) -> None:
    """In the list of the message and in its head."""
    (body,) = desk.queued(
        NOW, subject("c"), subject("b"), subject("a", opened=NOW + SECOND), subject("old", opened=NOW - HOUR),
        subject("low", severity="low"), subject("hot", severity="critical"), subject("warm", severity="high"),
    )  # fmt: skip
    assert names(body) == ("opened", ["hot", "warm", "old", "b", "c", "a", "low"])
    assert body["summary"] == "7 alerts opened, 1 critical: hot is over its line, and 6 more (fleet)"
    assert body["openInThread"] == 7


def test_fifty_are_spelled_out_and_all_are_counted(desk: Desk) -> None:
    """The record has every one: none of them is reported again."""
    many = [subject(f"n{number:02d}") for number in range(MOST_SUBJECTS + 1)]
    (body,) = desk.queued(NOW, *many)
    assert MOST_SUBJECTS == 50
    assert len(body["alerts"]) == 50
    assert body["summary"].startswith("51 alerts opened, 51 medium: n00 is over its line, and 50 more")
    assert desk.queued(NOW + MINUTE, *many) == []


def test_each_round_of_an_alert_is_a_message_of_its_own(desk: Desk) -> None:
    """Opened, resolved, opened again: three ids, two threads, and the counts of each thread."""
    a, b = subject("a"), subject("b")
    (opened,) = desk.queued(NOW, a, b)
    closed = subject("a", closed=NOW + MINUTE)
    assert Notices(desk.project.data / "ledger.sqlite").last("chat")["perf-a"].round == 1
    (resolved,) = desk.queued(NOW + MINUTE, closed, b)
    assert names(resolved) == ("resolved", ["a"])
    assert (resolved["thread"], resolved["openInThread"]) == (opened["id"], 1)
    assert desk.queued(NOW + 2 * MINUTE, closed, b) == []
    (again,) = desk.queued(NOW + 3 * MINUTE, a, b)
    assert names(again) == ("opened", ["a"])
    assert again["thread"] == again["id"] != opened["id"]
    assert again["openInThread"] == 1
    assert Notices(desk.project.data / "ledger.sqlite").last("chat")["perf-a"].round == 2
    assert desk.queued(NOW + 4 * MINUTE, a, b) == []
    (second,) = desk.queued(NOW + 5 * MINUTE, closed, b)
    assert second["thread"] == again["id"]
    assert len({one["id"] for one in (opened, resolved, again, second)}) == 4


def test_a_reminder_comes_at_its_second_and_once(project: Project, clock: OwnedClock) -> None:
    """After the shortest of the routes that take it and want it; not where it is muted, not where none wants it."""
    desk = Desk(
        project, clock,
        CHAT + '[routes.slow]\nto = ["chat"]\nstill_open_after = "8h"\n[routes.fast]\nto = ["chat"]\n'
        'still_open_after = "2h"\n[routes.other]\nto = ["chat"]\ntypes = ["training"]\nstill_open_after = "5m"\n'
        '[routes.quiet]\nto = ["chat"]\non = ["opened"]\nstill_open_after = "10m"\n',
    )  # fmt: skip
    a = subject("a")
    (first,) = desk.queued(NOW, a)
    assert desk.queued(NOW + 2 * HOUR - SECOND, a) == []
    assert desk.queued(NOW + 2 * HOUR, subject("a", muted="known")) == []
    (reminder,) = desk.queued(NOW + 2 * HOUR, a)
    assert (names(reminder), reminder["thread"]) == (("still open", ["a"]), first["id"])
    assert reminder["summary"] == "Still open, medium: a is over its line (fleet)"
    assert desk.queued(NOW + 9 * HOUR, a) == []
    (end,) = desk.queued(NOW + 10 * HOUR, subject("a", closed=NOW + 10 * HOUR))
    assert (names(end), end["summary"]) == (("resolved", ["a"]), "Resolved: a is over its line (fleet)")


def test_what_a_route_does_not_want_is_not_said(project: Project, clock: OwnedClock) -> None:
    """No "resolved" where none of its routes has it; but where no route takes it any more it is ended in words."""
    wants = CHAT + '[routes.all]\nto = ["chat"]\non = ["opened"]\n'
    desk = Desk(project, clock, wants)
    assert len(desk.queued(NOW, subject("a"))) == 1
    closed = subject("a", closed=NOW + MINUTE)
    assert desk.queued(NOW + MINUTE, closed) == []
    (project.root / "config.toml").write_text(
        f'[plimsoll]\nname = "fleet"\n{CHAT}[routes.all]\nto = ["chat"]\ntypes = ["training"]\n', "utf-8"
    )
    assert [names(one) for one in desk.queued(NOW + 2 * MINUTE, closed)] == [("resolved", ["a"])]
    (project.root / "config.toml").write_text(
        f'[plimsoll]\nname = "fleet"\n{CHAT}[routes.all]\nto = ["chat"]\non = ["resolved"]\n', "utf-8"
    )
    assert desk.queued(NOW + 3 * MINUTE, subject("b")) == []


def test_the_limit_of_an_hour_counts_messages_to_the_second(project: Project, clock: OwnedClock) -> None:
    """The second message is the last of its hour; a critical one goes all the same; an hour later there is room."""
    desk = Desk(project, clock, CHAT + "per_hour = 2\n")
    a, b, c = subject("a"), subject("b"), subject("c")
    hot = subject("hot", severity="critical")
    assert len(desk.queued(NOW, a)) == len(desk.queued(NOW + MINUTE, a, b)) == 1
    assert desk.queued(NOW + 2 * MINUTE, a, b, c) == []
    assert [names(one) for one in desk.queued(NOW + 3 * MINUTE, a, b, c, hot)] == [("opened", ["hot"])]
    closed = subject("hot", severity="critical", closed=NOW + 4 * MINUTE)
    assert desk.queued(NOW + 4 * MINUTE, a, b, c, closed) == []
    assert desk.queued(NOW + 61 * MINUTE - SECOND, a, b, c, closed) == []
    later = desk.queued(NOW + 61 * MINUTE, a, b, c, closed)
    assert [names(one) for one in later] == [("opened", ["c"]), ("resolved", ["hot"])]


def test_what_was_resolved_is_kept_for_thirty_days(desk: Desk) -> None:
    """Then its rounds are forgotten; what is open stays known."""
    desk.queued(NOW, subject("a"), subject("b"))
    desk.queued(NOW + MINUTE, subject("a", closed=NOW + MINUTE), subject("b"))
    notices = Notices(desk.project.data / "ledger.sqlite")
    for after, known in ((timedelta(0), {"a", "b", "x"}), (SECOND, {"b", "x"})):
        at = NOW + MINUTE + timedelta(days=30) + after
        notices.queue(
            Queued(identity=f"<{after}>", thread="t", recipient="chat", state="opened", subjects=[("perf-x", 1)],
                   body=b"{}", summary="", at=at)
        )  # fmt: skip
        assert set(notices.last("chat")) == {f"perf-{name}" for name in known}
    assert notices.threads("chat")["t"] == {"perf-x"}
    assert (notices.queued_since("chat", NOW), notices.queued_since("chat", NOW - SECOND)) == (1, 2)
    assert notices.last("other") == {}


def test_a_head_says_how_many_how_bad_and_which() -> None:
    """One, and many, in each state."""
    one, two = [subject("a", severity="high")], [subject("a", severity="high"), subject("b"), subject("c")]
    assert head_of("opened", one, "f") == "High alert: a is over its line (f)"
    assert head_of("still open", one, "f") == "Still open, high: a is over its line (f)"
    assert head_of("resolved", one, "f") == "Resolved: a is over its line (f)"
    for state in ("opened", "still open", "resolved"):
        assert head_of(state, two, "f") == f"3 alerts {state}, 1 high: a is over its line, and 2 more (f)"


def test_a_mail_of_an_alert_answers_the_first_of_its_thread(project: Project, clock: OwnedClock) -> None:
    """The first one answers none; the domain is that of the sender."""
    desk = Desk(
        project, clock,
        '[mail]\nhost = "localhost"\nsender = "p@fleet.example"\n[notify.post]\nkind = "mail"\n'
        'address = "on-call@example.org"\n',
    )  # fmt: skip
    queue_alerts(desk.at(NOW), [subject("a")])
    queue_alerts(desk.at(NOW + MINUTE), [subject("a", closed=NOW + MINUTE)])
    box = Outbox(project.data / "ledger.sqlite")
    first, second = (
        message_from_bytes(box.body(one.id), policy=policies.default) for one in box.listed(NOW - timedelta(days=1))
    )
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert first["Message-ID"].startswith("<alert.")
    assert first["Message-ID"].endswith("@fleet.example>")
    assert len(first["Message-ID"]) == len("<alert.") + 24 + len("@fleet.example>")
    assert (first["To"], first["X-Plimsoll-Verdict"], first["X-Plimsoll-Kind"]) == (
        "on-call@example.org", "opened", "alert",
    )  # fmt: skip
    assert "a is over its line" in first["Subject"]


def test_a_test_message_opens_and_resolves_what_there_is_not(desk: Desk) -> None:
    """Two messages of one thread, each id new at each test."""
    run = desk.at(NOW)
    settings = Notify.model_validate({"url": "http://127.0.0.1:9/x"})
    made = invented(run, "chat", settings)
    bodies = [json.loads(body) for _, body, _ in made]
    assert [(state, body["openInThread"]) for (state, _, _), body in zip(made, bodies, strict=True)] == [
        ("opened", 1), ("resolved", 0),
    ]  # fmt: skip
    assert [body["id"] for body in bodies] == [identity for _, _, identity in made]
    assert bodies[0]["thread"] == bodies[1]["thread"] == bodies[0]["id"] != bodies[1]["id"]
    assert len(bodies[0]["id"]) == len("<test.") + 24 + len(".0@plimsoll>")
    assert "no machine is over a line" in bodies[0]["summary"]
    desk.clock.advance(1)
    assert not {one[2] for one in invented(run, "chat", settings)} & {one[2] for one in made}
    assert local_zone(run) == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("08:00-18:00", ("08:00:00", "17:59:59"), ("07:59:59", "18:00:00")),
        ("22:00-06:00", ("22:00:00", "00:00:00", "05:59:59"), ("21:59:59", "06:00:00")),
        ("00:00-00:00", (), ("00:00:00", "12:00:00")),
    ],
)
def test_hours_begin_with_the_first_and_end_before_the_last(
    hours: str, inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    """Over midnight too; in the project's zone."""
    route = Route.model_validate({"to": ("x",), "hours": hours})
    for text, wanted in [*((one, True) for one in inside), *((one, False) for one in outside)]:
        at = datetime.fromisoformat(f"2026-01-16T{text}+01:00")
        assert route.open_at(at, ZoneInfo("Europe/Berlin")) is wanted
    assert Route.model_validate({"to": ("x",)}).open_at(NOW, ZoneInfo("UTC"))


def test_severities_and_patterns_choose() -> None:
    """At least so bad; every key that is given has to fit."""
    for least, taken in (("low", 4), ("medium", 3), ("high", 2), ("critical", 1)):
        route = Route.model_validate({"to": ("x",), "at_least": least})
        assert sum(route.takes(subject("a", severity=one)) for one in SEVERITIES) == taken
    for key, fits, not_ in (
        ("types", ("cluster",), ("training",)), ("owners", ("",), ("v",)), ("resources", ("b", "gp?-*"), ("gpu",)),
        ("metrics", ("x", "cpu_*"), ("gpu_*",)),
    ):  # fmt: skip
        assert Route.model_validate({"to": ("x",), key: fits}).takes(subject("gpu-1"))
        assert not Route.model_validate({"to": ("x",), key: not_}).takes(subject("gpu-1"))


WHOLE: dict[str, dict[str, Any]] = {
    "json": {"url": "https://h.example/x"},
    "mail": {"kind": "mail", "address": "a@example.org"},
    "env": {"url_env": "HOOK", "hosts": ("h.example",)},
    "file": {"url_file": "/run/hook", "hosts": ("h.example",)},
    "slack key": {"kind": "slack", "key_env": "K", "channel": "#ops"},
    "slack hook": {"kind": "slack", "url_env": "HOOK", "hosts": ("hooks.slack.com",)},
    "pagerduty": {"kind": "pagerduty", "key_file": "/run/key"},
    "ntfy": {"kind": "ntfy", "url": "https://ntfy.example/", "channel": "ops"},
}


@pytest.mark.parametrize("settings", WHOLE.values(), ids=WHOLE)
def test_a_whole_channel_is_taken(settings: dict[str, Any]) -> None:
    """Each kind with what it needs and nothing more."""
    found = Notify.model_validate(settings)
    assert found.has_key is ("key_env" in settings or "key_file" in settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "exactly one of url, url_env and url_file"),
        ({**WHOLE["json"], "url_env": "X"}, "exactly one of url"),
        ({**WHOLE["env"], "url_file": "X"}, "exactly one of url"),
        ({"url_env": "HOOK"}, "hosts is missing"),
        ({"url_file": "HOOK"}, "hosts is missing"),
        ({**WHOLE["json"], "address": "a@example.org"}, "address is for mail"),
        ({**WHOLE["json"], "key_env": "A", "key_file": "B"}, "not both"),
        ({"kind": "pagerduty"}, "exactly one of url"),
        ({"kind": "pagerduty", "url": "https://p.example/"}, "key_env is missing"),
        ({"kind": "slack", "key_env": "K"}, "channel is missing: the channel that its bot writes to"),
        ({"kind": "ntfy", "url": "https://n.example/"}, "channel is missing: the topic"),
        ({"kind": "json", "key_env": "K"}, "exactly one of url"),
        ({"kind": "mail"}, "address is missing"),
        ({**WHOLE["mail"], "url": "https://h.example/"}, "no url and no key"),
        ({**WHOLE["mail"], "url_env": "H"}, "no url and no key"),
        ({**WHOLE["mail"], "url_file": "H"}, "no url and no key"),
        ({**WHOLE["mail"], "key_env": "H"}, "no url and no key"),
        ({"url": "ftp://h.example/"}, "without a login"),
        ({"url": "https:///x"}, "without a login"),
        ({"url": "https://a:b@h.example/"}, "without a login"),
        ({**WHOLE["json"], "per_hour": 0}, "greater than or equal to 1"),
        ({**WHOLE["json"], "per_hour": 1001}, "less than or equal to 1000"),
    ],
)
def test_what_a_channel_lacks_or_has_too_much_is_named(settings: dict[str, Any], said: str) -> None:
    """One sentence that says which key."""
    with pytest.raises(ValidationError, match=said):
        Notify.model_validate(settings)


def test_the_bounds_of_a_route() -> None:
    """Five minutes to thirty days; hours of the day as they are written; at least one channel."""
    for good in ({"still_open_after": "5m"}, {"still_open_after": "30d"}, {"hours": "23:59-00:00"}):
        assert Route.model_validate({"to": ("x",), **good})
    for bad in (
        {"still_open_after": "299s"}, {"still_open_after": "31d"}, {"hours": "24:00-06:00"}, {"hours": "8:00-18:00"},
        {"hours": "22:00"}, {"to": ()}, {"on": ()},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            Route.model_validate({"to": ("x",), **bad})


@pytest.mark.parametrize(
    ("kind", "reports", "calm", "shown"),
    [
        ("json", "always", True, True), ("json", "always", False, True), ("json", "matters", True, False),
        ("json", "matters", False, True), ("json", "never", False, False), ("mail", "always", False, False),
    ],
)  # fmt: skip
def test_which_channel_shows_a_report(kind: str, reports: str, *, calm: bool, shown: bool) -> None:
    """By its kind, its setting, and whether all is calm."""
    settings = WHOLE["mail"] if kind == "mail" else WHOLE["json"]
    assert Notify.model_validate({**settings, "reports": reports}).shows_report(calm=calm) is shown


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """Without its line end; nothing where there is none, or no text."""
    (tmp_path / "key").write_text(" s3cret\n", "utf-8")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert secret({"K": "v"}, "K", str(tmp_path / "key")) == "v"
    assert secret({}, "K", str(tmp_path / "key")) == ""
    assert secret({}, "", str(tmp_path / "key")) == "s3cret"
    assert [secret({}, "", str(tmp_path / one)) for one in ("bytes", "none")] == ["", ""]
    assert secret({"": "x"}, "", "") == ""
