"""A browser signs in with a token once; its cookie reads, ends, and stands for nothing but what the token sees."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.testclient import TestClient

from plimsoll.api.app import application
from plimsoll.api.documents import answering
from plimsoll.api.links import Links
from plimsoll.api.segments import Taking
from plimsoll.api.sign_in import Sessions, safe_path
from plimsoll.api.tokens import Token, Tokens
from plimsoll.api.workers import Limits, Workers
from plimsoll.cli import run
from plimsoll.clock import SystemClock
from plimsoll.config.engine import Serve
from plimsoll.project import Project, builtin_root
from plimsoll.project.runner import context

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PAGE = {"Accept": "text/html,application/xhtml+xml"}
OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """Of the project."""
    (tmp_path / "config.toml").write_text('[plimsoll]\nname = "fleet"\n', encoding="utf-8")
    (tmp_path / "data").mkdir()
    return Tokens(tmp_path / "data" / "tokens.json")


@pytest.fixture
def browser(tokens: Tokens) -> Callable[..., TestClient]:
    """Makes a browser: it keeps cookies, and follows nothing by itself."""

    def make(*, tls: bool = False, **settings: object) -> TestClient:
        wired = context(Project(tokens.path.parent.parent, builtin_root()), clock=SystemClock())
        nothing = Workers(1, answering, str(tokens.path.parent.parent), Limits(1.0, 2**30))
        serve = Serve.model_validate({"behind_proxy": tls, **settings})
        app = application(lambda: wired, serve, (), nothing, Taking(nothing, wired.clock.now), local=False)
        return TestClient(app, base_url=f"{'https' if tls else 'http'}://localhost", follow_redirects=False)

    return make


def entered(client: TestClient, text: str, to: str = "/", **headers: str) -> int:
    """The status of the form's answer."""
    return client.post("/sign-in", data={"token": text, "next": to}, headers={**OURS, **headers}).status_code


def test_a_person_is_shown_the_way_in_and_led_on(browser: Callable[..., TestClient], tokens: Tokens) -> None:
    """The mail's button leads to the form and from there to its page; a program still gets 401."""
    client, text = browser(), tokens.new("me", (), NOW)
    first = client.get("/reports/2026/01/16/daily.html", headers=PAGE)
    assert (first.status_code, first.headers["location"]) == (
        303,
        "/sign-in?next=%2Freports%2F2026%2F01%2F16%2Fdaily.html",
    )
    form = client.get(first.headers["location"], headers=PAGE)
    assert form.status_code == 200
    assert 'value="/reports/2026/01/16/daily.html"' in form.text
    assert "form-action 'self'" in form.headers["content-security-policy"]
    answer = client.post("/sign-in", data={"token": f" {text} ", "next": "/reports"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports")
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"))
    assert text not in cookie
    assert client.get("/reports", headers=PAGE).status_code == 200
    assert browser().get("/reports").status_code == 401


def test_with_tls_the_cookie_is_bound_to_it(browser: Callable[..., TestClient], tokens: Tokens) -> None:
    """Its name makes browsers refuse it without Secure and for other hosts."""
    client = browser(tls=True)
    answer = client.post("/sign-in", data={"token": tokens.new("me", (), NOW)}, headers=OURS)
    assert answer.headers["set-cookie"].startswith("__Host-plimsoll=")
    assert "Secure" in answer.headers["set-cookie"]


def test_a_cookie_reads_and_nothing_else(browser: Callable[..., TestClient], tokens: Tokens) -> None:
    """No method that could change anything is let in by it."""
    client = browser()
    assert entered(client, tokens.new("me", (), NOW)) == 303
    assert client.get("/reports").status_code == 200
    assert client.post("/v1/segments/samples/x").status_code == 401
    assert client.get("/v1/segments").status_code == 403


def test_signing_out_expiry_and_revoking_end_it(browser: Callable[..., TestClient], tokens: Tokens) -> None:
    """Each for itself; a cookie that was kept opens nothing after that."""
    text, client = tokens.new("me", (), NOW), browser()
    assert entered(client, text) == 303
    kept = dict(client.cookies)
    assert client.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 303
    client.cookies.update(kept)
    assert client.get("/reports").status_code == 200, "a foreign page ended it"
    assert client.post("/sign-out", headers=OURS).status_code == 303
    client.cookies.update(kept)
    assert client.get("/reports").status_code == 401
    assert entered(client, text) == 303
    assert client.get("/reports").status_code == 200
    tokens.revoke("me")
    assert client.get("/reports").status_code == 401


def test_a_session_has_an_end() -> None:
    """By the time that is given, not by the cookie's own word."""
    at = [0.0]
    sessions = Sessions(60.0, secure=False, now=lambda: at[0])
    token = Token("me", "0" * 64, (), "2026-11-20T00:00:00Z")
    asked = Headers({"cookie": f"other=1; plimsoll={sessions.begin(token)}"})
    at[0] = 59.9
    assert sessions.token(asked, [token]) == token
    assert sessions.token(asked, []) is None
    at[0] = 60.0
    assert sessions.token(asked, [token]) is None


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
def test_a_form_of_another_site_signs_nobody_in(
    browser: Callable[..., TestClient], tokens: Tokens, headers: dict[str, str]
) -> None:
    """Also with a token that is right: whose session it would be is for the person to say."""
    answer = browser().post("/sign-in", data={"token": tokens.new("me", (), NOW)}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_wrong_tokens_are_told_and_slowed(browser: Callable[..., TestClient], tokens: Tokens) -> None:
    """A shipping token, a wrong one, none; then the address has to wait. Long and foreign bodies are no forms."""
    client, ships = browser(wrong_tokens_per_minute=3), tokens.new("host", ("ship:a",), NOW)
    assert [entered(client, text) for text in ("plm_wrong", ships, "")] == [401, 401, 401]
    assert entered(client, "plm_wrong") == 429
    assert client.post("/sign-in", data={"token": "x" * 5000}, headers=OURS).status_code == 400
    assert client.post("/sign-in", json={"token": "x"}, headers=OURS).status_code == 400


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/sign-out",
        "/a\r\nb",
        "é",
    ],
)
def test_it_leads_nowhere_else(text: str) -> None:
    """Whatever the link said."""
    assert safe_path(text) == "/"


def linked(tokens: Tokens, name: str, *, now: datetime | None = None) -> str:
    """The text of a new link."""
    token = next(one for one in tokens.all() if one.name == name)
    return Links(tokens.path.parent).new(token, now=now or datetime.now(UTC), valid=timedelta(hours=1))


def test_a_link_signs_one_browser_in_once(browser: Callable[..., TestClient], tokens: Tokens) -> None:
    """Opened as often as one likes (mail is looked through by programs), used by its button once, then it is over."""
    tokens.new("me", (), NOW)
    client, text = browser(), linked(tokens, "me")
    for _ in range(3):
        page = client.get(f"/sign-in?link={text}&next=/reports", headers=PAGE)
        assert "Sign in with this link" in page.text
        assert 'name="token"' not in page.text
    answer = client.post("/sign-in", data={"link": text, "next": "/reports"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports")
    assert client.get("/reports", headers=PAGE).status_code == 200
    other = browser()
    again = other.post("/sign-in", data={"link": text, "next": "/reports"}, headers=OURS)
    assert (again.status_code, "That link was used" in again.text) == (401, True)
    assert "That link was used" in other.get(f"/sign-in?link={text}", headers=PAGE).text
    assert text not in (tokens.path.parent / "links.json").read_text(encoding="utf-8")


def test_a_link_ends_with_its_time_and_with_its_token(browser: Callable[..., TestClient], tokens: Tokens) -> None:
    """After its time, after its token was revoked, and as a foreign form it opens nothing; a wrong one neither."""
    tokens.new("me", (), NOW)
    old, revoked = linked(tokens, "me", now=datetime.now(UTC) - timedelta(hours=2)), linked(tokens, "me")
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser().post("/sign-in", data={"link": revoked}, headers=foreign).status_code == 403
    tokens.revoke("me")
    tokens.new("me", (), NOW)
    for text in (old, revoked, "x" * 43, ""):
        assert browser().post("/sign-in", data={"link": text}, headers=OURS).status_code == 401


def test_the_command_prints_a_link_to_the_page_that_was_asked_for(
    browser: Callable[..., TestClient], tokens: Tokens, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the button of mails leads, alone on standard output; names, pages and times that cannot be are refused."""
    tokens.new("me", (), NOW)
    tokens.new("host", ("ship:a",), NOW)
    root = tokens.path.parent.parent
    config = '[plimsoll]\n[mail]\nlink = "https://plimsoll.example/reports/{date}/daily.html"\n'
    (root / "config.toml").write_text(config, encoding="utf-8")
    words = ["--project", str(root)]
    assert run(["token", "link", "me", "--to", "/reports", *words]) == 0
    out = capsys.readouterr().out
    assert out.startswith("https://plimsoll.example/sign-in?link=")
    assert out.count("\n") == 1
    client = browser()
    page = client.get(out.strip().removeprefix("https://plimsoll.example"), headers=PAGE)
    assert 'name="next" value="/reports"' in page.text
    for bad in (["you"], ["host"], ["me", "--to", "//evil.example"], ["me", "--valid", "8d"]):
        assert run(["token", "link", *bad, *words]) == 2
