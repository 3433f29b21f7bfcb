"""Secrets are found by the names of their settings, wherever these stand."""

from pathlib import Path

import pytest
from pydantic import Field

from plimsoll.config import Config, Section
from plimsoll.schedule.secrets import secrets_of


class Mail(Section):
    """A section with every kind of secret."""

    host: str = "mail.example.test"
    password_env: str = "MAIL_PASSWORD"
    token_file: str = ""
    headers: dict[str, str] = Field(default_factory=dict[str, str])


def test_secrets_come_from_variables_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not a secret stays out; what is missing does no harm."""
    token = tmp_path / "token"
    token.write_text("file-canary\n", encoding="utf-8")
    monkeypatch.setenv("MAIL_PASSWORD", "env-canary")
    monkeypatch.setenv("HEADER_TOKEN", "header-canary")
    mail = Mail(token_file=str(token), headers={"bearer_env": "HEADER_TOKEN", "x": "plain"})
    other = Mail(password_env="NOT_SET", token_file=str(tmp_path / "absent"))
    found = secrets_of(Config({"mail": mail, "other": other}, {}))
    assert found == {"env-canary", "file-canary", "header-canary"}
