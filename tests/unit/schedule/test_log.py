"""The log: one line an event, no secrets, nothing that a terminal would obey."""

import json
from io import StringIO

import pytest

from plimsoll.schedule.log import logger


def _said(*, json_logs: bool, secrets: tuple[str, ...] = (), **event: object) -> str:
    out = StringIO()
    logger(json=json_logs, secrets=secrets, out=out).info("sent", **event)
    return out.getvalue()


def test_an_event_is_one_line_of_json() -> None:
    """For log collectors: the event, its level, its instant, its facts."""
    said = json.loads(_said(json_logs=True, job="daily", seconds=1.5))
    assert (said["event"], said["level"], said["job"], said["seconds"]) == ("sent", "info", "daily", 1.5)
    assert said["timestamp"].endswith("Z")


def test_an_event_is_one_line_for_people() -> None:
    """`key=value`, without colors."""
    said = _said(json_logs=False, job="daily")
    assert said.count("\n") == 1
    assert "sent" in said
    assert "job=daily" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("json_logs", [True, False])
def test_a_secret_is_hidden_wherever_it_stands(json_logs: bool) -> None:
    """By value in any text, by the name of its key, and in front of the host of an address."""
    said = _said(
        json_logs=json_logs,
        secrets=("canary-4711",),
        detail="535 canary-4711 refused",
        token="abc-token-value",
        target="https://ann:pa55word@example.test/metrics",
    )
    assert "canary-4711" not in said
    assert "abc-token-value" not in said
    assert "pa55word" not in said
    assert "example.test" in said


def test_a_foreign_text_stays_on_its_line() -> None:
    """B68: control characters of a job's error or a resource's name are shown, not sent."""
    said = _said(json_logs=False, detail="a\nb\x1b[2Jc")
    assert said.count("\n") == 1
    assert "\x1b" not in said
