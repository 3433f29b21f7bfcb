"""F51: a template that cannot be drawn costs the page its beauty, never the report."""

import shutil
from pathlib import Path

import pytest

from plimsoll.cli import run
from plimsoll.errors import PlimsollError
from plimsoll.tasks.deliver import publish_and_queue, send_due
from plimsoll.tasks.report import capacity, daily
from tests.mailing import states, wired
from tests.post_office import PostOffice


@pytest.fixture
def own(demo: Path, tmp_path: Path) -> Path:
    """A copy with a template folder of its own."""
    copy = Path(shutil.copytree(demo, tmp_path / "fleet"))
    (copy / "reports" / "templates").mkdir(parents=True, exist_ok=True)
    return copy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<p>\n{{ view.nothing_like_this }}</p>", "daily.html.j2, line 2: "),
        ("{% if %}", "daily.html.j2, line 1: "),
        ("{{ 1 // 0 }}", "daily.html.j2, line 1: integer division or modulo by zero"),
    ],
)
def test_the_verdict_goes_out_and_the_run_has_failed(own: Path, office: PostOffice, text: str, said: str) -> None:
    """B15: the page says the verdict, which template, which line; documents are whole; the mail goes out."""
    (own / "reports" / "templates" / "daily.html.j2").write_text(text)
    ctx = wired(own, office.port)
    made = daily(ctx)
    page = made.page.read_text()
    assert made.view.verdict.state in page
    assert said in page
    assert "<script>alert" not in page
    assert made.document.stat().st_size > 1000
    with pytest.raises(PlimsollError, match="the daily report is published, but without: page"):
        publish_and_queue(ctx, "daily", made)
    send_due(ctx)
    assert [state for _, state, _ in states(ctx)] == ["sent"]
    assert capacity(ctx).failed == {}


def test_a_broken_mail_goes_out_as_text(own: Path, office: PostOffice) -> None:
    """Its verdict, and why it is so plain."""
    (own / "reports" / "templates" / "mail.html.j2").write_text("{{ mail.nothing_like_this }}")
    ctx = wired(own, office.port)
    made = daily(ctx)
    publish_and_queue(ctx, "daily", made)
    send_due(ctx)
    (mail,) = office.received
    assert mail.get_content_type() == "text/plain"
    words = " ".join(mail.get_content().split())
    assert made.view.verdict.state in words
    assert "The templates of this mail could not be drawn:" in words
    assert "nothing_like_this" in words


def test_the_command_says_so(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By exit code and in one line."""
    (own / "reports" / "templates" / "daily.html.j2").write_text("{{ view.nothing_like_this }}")
    (own / "config.toml").write_text('[plimsoll]\nname = "demo"\n')
    assert run(["report", "daily", "--as-of", "2026-01-16T18:00:00Z", "--project", str(own)]) == 1
    assert "the section page could not be made: daily.html.j2, line 1" in capsys.readouterr().err
