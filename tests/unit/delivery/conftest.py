"""A demo project and a mail server for every test of delivery."""

from collections.abc import Generator
from pathlib import Path

import pytest

from plimsoll.cli import run
from tests.post_office import PASSWORD, PostOffice, open_post_office


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo project; each test works on its ledger anew."""
    folder = tmp_path_factory.mktemp("mail") / "fleet"
    assert run(["demo", str(folder), "--resources", "5", "--days", "2", "--until", "2026-01-16T18:00:00Z"]) == 0
    return folder


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[PostOffice]:
    """A server whose certificate this process trusts, and the password in the environment."""
    with open_post_office(tmp_path / "tls") as opened:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / "cert.pem"))
        monkeypatch.setenv("PLIMSOLL_SMTP_PASSWORD", PASSWORD)
        yield opened
