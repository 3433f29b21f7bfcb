"""Every kind of channel against a service that refuses what the real one would: opened, resolved, test, report."""

import json
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from plimsoll.cli import run
from plimsoll.delivery.channels import channels
from plimsoll.delivery.notice import Notice, Subject
from plimsoll.delivery.notify import Notify
from plimsoll.delivery.post import post
from plimsoll.delivery.settings import Mail
from plimsoll.errors import ConfigError
from plimsoll.ledger.outbox import Outbox
from plimsoll.schedule.secrets import secrets_of
from plimsoll.tasks.notify import body_of
from tests.post_office import PASSWORD, USER, PostOffice, open_post_office
from tests.receivers import Receiver, as_alertmanager, as_ntfy, as_pagerduty, as_slack, as_teams
from tests.unit.notify.conftest import BEGIN, World

KEY, TOKEN = "R0UT1NGKEY", "xoxb-secret"


class Everything:
    """All seven services, and a project that is configured for them."""

    def __init__(self, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pages: dict[str, str] = {}
        self.active: dict[str, datetime] = {}
        self.office: PostOffice = world.services.enter_context(open_post_office(folder / "tls"))
        self.services: dict[str, Receiver] = {
            "slack": world.service(as_slack(TOKEN)),
            "teams": world.service(as_teams),
            "alertmanager": world.service(as_alertmanager(world.clock, self.active)),
            "pagerduty": world.service(as_pagerduty(KEY, self.pages)),
            "json": world.service(),
            "ntfy": world.service(as_ntfy),
        }
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "tls" / "cert.pem"))
        monkeypatch.setenv("PLIMSOLL_SMTP_PASSWORD", PASSWORD)
        monkeypatch.setenv("SLACK_TOKEN", TOKEN)
        (folder / "key").write_text(KEY + "\n", "utf-8")
        more = {
            "slack": 'key_env = "SLACK_TOKEN"\nchannel = "#gpu"\n',
            "pagerduty": f'key_file = "{folder / "key"}"\n',
            "ntfy": 'channel = "gpu"\n',
        }
        text = (
            f'[mail]\nhost = "localhost"\nport = {self.office.port}\nuser = "{USER}"\n'
            'sender = "plimsoll@example.org"\nlink = "https://r.example.org/{date}"\n'
            '[notify.mail]\nkind = "mail"\naddress = "on-call@example.org"\n'
        )
        for kind, service in self.services.items():
            monkeypatch.setenv(f"URL_{kind}", service.url(f"/secret-{kind}"))
            text += f'[notify.{kind}]\nkind = "{kind}"\nurl_env = "URL_{kind}"\nhosts = ["127.0.0.1"]\n'
            text += more.get(kind, "")
        world.configure(text)


@pytest.fixture
def everything(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Everything:
    """The services, configured."""
    return Everything(world, tmp_path, monkeypatch)


def test_every_channel_says_opened_and_resolved_in_its_own_thread(world: World, everything: Everything) -> None:
    """In-Reply-To, thread_ts, the deduplication key, the same labels; no secret is in the outbox."""
    world.inventory(["a", "b"], labels='{"owner": "vision"}')
    world.cpu |= {"a": 97.0, "b": 98.0}
    world.read(6)
    assert world.pass_once() == ["sent"] * 7
    assert list(everything.pages.values()) == [everything.services["pagerduty"].got[0].body["payload"]["summary"]]
    assert all(until > world.clock.now() for until in everything.active.values())
    world.cpu |= {"a": 30.0, "b": 30.0}
    world.read(3)
    assert world.pass_once() == ["sent"] * 7
    got = {kind: service.got for kind, service in everything.services.items()}
    assert everything.pages == {}
    assert len(everything.active) == 2
    assert all(until <= world.clock.now() for until in everything.active.values())
    assert got["slack"][1].body["thread_ts"] == "1700000000.000000"
    assert "thread_ts" not in got["slack"][0].body
    first, second = everything.office.received
    assert second["In-Reply-To"] == first["Message-ID"] != second["Message-ID"]
    assert first["Subject"].startswith("2 alerts opened, 2 medium: a CPU")
    assert "* medium: b CPU utilization 98" in first.get_content()
    assert got["ntfy"][0].body["title"] == got["teams"][0].body["attachments"][0]["content"]["body"][0]["text"]
    assert [one["owner"] for one in got["json"][0].body["alerts"]] == ["vision", "vision"]
    kept = (world.project.data / "ledger.sqlite").read_bytes()
    wal = world.project.data / "ledger.sqlite-wal"
    kept += wal.read_bytes() if wal.exists() else b""
    assert [secret for secret in (KEY, TOKEN, PASSWORD, "secret-json") if secret.encode() in kept] == []


def test_a_test_message_goes_through_every_channel_and_leaves_nothing_open(
    world: World, everything: Everything, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each; nobody is paged afterwards; a channel that refuses is named, and the command ends with 1."""
    project = ["--project", str(world.project.root)]
    assert run(["notify", "test", *project]) == 0
    out = capsys.readouterr().out
    assert [f"{kind} ({kind}), {state}: sent" in out for kind in channels() for state in ("opened", "resolved")] == (
        [True] * 14
    )
    assert everything.pages == {}
    everything.services["ntfy"].judge = lambda _body, _headers: (403, "forbidden for this topic")
    assert run(["notify", "test", "ntfy", *project]) == 1
    said = capsys.readouterr()
    assert "ntfy (ntfy), opened: failed 127.0.0.1: 403 forbidden for this topic" in said.out
    assert "1 of 1 channels took no message" in said.err
    assert run(["notify", "test", "slak", *project]) == 2
    assert 'did you mean "slack"?' in capsys.readouterr().err
    assert all(secret not in said.out + said.err + out for secret in (KEY, TOKEN, "secret-ntfy"))


def test_slacks_no_inside_a_200_is_a_no(world: World) -> None:
    """`ok: false` is a refusal; where it is rate-limited, one for now; no answer shows the token."""
    service = world.service(as_slack(TOKEN))
    settings = Notify.model_validate(
        {"kind": "slack", "url": service.url("/api"), "key_env": "T", "channel": "#x", "hosts": ("127.0.0.1",)}
    )
    raw = json.dumps({"channel": "#x", "text": "t"}).encode()
    wrong = post(settings, raw, identity="<i@x>", environment={"T": "xoxb-other"})
    assert (wrong.kind, wrong.detail) == ("failed", "127.0.0.1: invalid_auth")
    assert post(settings, raw, identity="<i@x>", environment={}).detail == "no key: set the variable T"
    right = post(settings, raw, identity="<i@x>", environment={"T": TOKEN})
    assert (right.kind, right.receipt) == ("sent", "1700000000.000000")
    service.judge = lambda _body, _headers: (200, json.dumps({"ok": False, "error": "ratelimited"}))
    assert post(settings, raw, identity="<i@x>", environment={"T": TOKEN}).kind == "later"
    service.judge = lambda _body, headers: (401, f"bad {headers['authorization']}")
    assert TOKEN not in post(settings, raw, identity="<i@x>", environment={"T": TOKEN}).detail


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ('kind = "mail"', "address is missing"),
        ('kind = "mail"\naddress = "a@example.org"', r"\[mail\] has no server"),
        ('kind = "json"', "exactly one of url, url_env and url_file"),
        ('kind = "json"\nurl_env = "X"', "hosts is missing"),
        ('kind = "json"\nurl = "https://u:p@example.org/"', "without a login"),
        ('kind = "pagerduty"', "exactly one of url"),
        ('kind = "pagerduty"\nurl = "https://events.example.org/"', "needs the routing key"),
        ('kind = "ntfy"\nurl = "https://ntfy.sh/"', "channel is missing: the topic"),
        ('kind = "slack"\nkey_env = "T"', "the channel that its bot writes to"),
        ('kind = "pager"', "Input should be"),
        ('url = "https://x.example.org/"\n[routes.r]\nto = ["y"]', r'\[routes.r\] to names "y"'),
        ('url = "https://x.example.org/"\n[routes.r]\nto = ["x"]\nhours = "25:00-06:00"', "22:00-06:00"),
        ('url = "https://x.example.org/"\n[routes.r]\nto = []', "at least 1 item"),
    ],
)
def test_what_cannot_work_is_refused_with_file_line_and_reason(world: World, section: str, says: str) -> None:
    """At the door, not at three in the morning."""
    world.configure(f"[notify.x]\n{section}\n")
    with pytest.raises(ConfigError, match=says) as refused:
        world.project.config()
    assert str(refused.value).startswith("config.toml:")


def test_keys_and_addresses_of_channels_are_known_secrets(world: World, everything: Everything) -> None:
    """What no log may show."""
    assert everything.office.port
    assert {KEY, TOKEN, everything.services["json"].url("/secret-json")} <= secrets_of(world.project.config())


def test_services_with_one_address_need_only_the_key(world: World) -> None:
    """PagerDuty and a Slack bot: no url, no hosts; the address is the service's own."""
    world.configure(
        '[notify.page]\nkind = "pagerduty"\nkey_env = "K"\n'
        '[notify.bot]\nkind = "slack"\nkey_env = "T"\nchannel = "#x"\n'
    )
    settings = world.project.config().under("notify", Notify)
    hosts = {name: channels()[one.kind].keyed_url for name, one in settings.items()}
    assert hosts == {
        "page": "https://events.pagerduty.com/v2/enqueue",
        "bot": "https://slack.com/api/chat.postMessage",
    }
    assert post(settings["page"], b"{}", identity="<i@x>", environment={}).detail == "no key: set the variable K"


def test_an_old_webhooks_section_is_named_and_rewritten(world: World) -> None:
    """[webhooks] is [notify]; `when` is `reports`; what it did before it does after."""
    world.configure('[webhooks.chat]\nurl_env = "C"\nkind = "teams"\nhosts = ["x.example.org"]\nwhen = "matters"\n')
    with pytest.raises(ConfigError, match=r"is now notify\.chat.*plimsoll upgrade"):
        world.project.config()
    assert run(["upgrade", "--project", str(world.project.root)]) == 0
    (channel,) = world.project.config().under("notify", Notify).values()
    assert (channel.kind, channel.reports, channel.url_env) == ("teams", "matters", "C")
    assert channel.shows_report(calm=False)
    assert not channel.shows_report(calm=True)
    assert Outbox(world.project.data / "ledger.sqlite").problems(world.clock.now()) == []


@pytest.mark.parametrize("kind", sorted(channels()))
def test_a_hostile_name_is_inert_in_every_channel(kind: str) -> None:
    """No header of a mail ends early, no markup of Slack is spoken, and what is JSON stays JSON."""
    hostile = "x\r\nBcc: all@example.org\x1b[2J <!channel> <script>"
    one = Subject(
        id="perf-1", kind="alert", severity="high", resource=hostile, name=hostile, type="cluster", owner=hostile,
        metric="cpu_utilization", text=f"{hostile} is over its line", opened=BEGIN, value=1.0, threshold=0.5,
    )  # fmt: skip
    notice = Notice(
        identity="<1@x>", thread="<1@x>", state="opened", fleet=hostile, head=f"High alert: {hostile}", subjects=[one],
        open_left=1, at=BEGIN,
    )  # fmt: skip
    given: dict[str, Any] = {"kind": kind, "channel": "c", "address": "on-call@example.org"}
    settings = Notify.model_construct(**given)
    raw = body_of(notice, settings, Mail.model_validate({"host": "h", "sender": "a@example.org"}))
    if kind == "mail":
        mail = message_from_bytes(raw, policy=policy.default)
        assert mail["Bcc"] is None
        assert "\n" not in mail["Subject"]
    else:
        assert json.loads(raw)
    if kind == "slack":
        assert "<!channel>" not in json.loads(raw)["text"]
