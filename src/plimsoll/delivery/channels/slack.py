"""Slack: an incoming webhook, or with a bot's token chat.postMessage, whose answer names the thread for updates."""

from collections.abc import Mapping
from typing import Any

from plimsoll.delivery.notice import Channel, Notice

_MARKS = {"opened": ":red_circle:", "still open": ":large_orange_circle:", "resolved": ":large_green_circle:"}


def _alert(notice: Notice, channel: str) -> dict[str, Any]:
    lines = [f"• {_escaped(line)}" for line in notice.lines] if len(notice.subjects) > 1 else []
    link = [f"<{notice.link}|Open the report>"] if notice.link else []
    head = f"{_MARKS[notice.state]} *{_escaped(notice.head)}*"
    return {
        **({"channel": channel} if channel else {}),
        "text": "\n".join([head, *lines, *link]),
        "metadata": {"event_type": "plimsoll_alert", "event_payload": {"id": notice.identity, "state": notice.state}},
    }


def _report(payload: Mapping[str, Any], channel: str) -> dict[str, Any]:
    head = _escaped(f"{payload['state']} {payload['facts']} ({payload['fleet']})")
    link = f"\n<{payload['link']}|Open the report>" if payload["link"] else ""
    return {**({"channel": channel} if channel else {}), "text": head + link}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


CHANNEL = Channel(
    alert=_alert,
    report=_report,
    keyed_url="https://slack.com/api/chat.postMessage",
    receipt_member="ts",
    thread_member="thread_ts",
)
