"""Microsoft Teams: an adaptive card for a workflow's webhook; it has no threads."""

from collections.abc import Mapping, Sequence
from typing import Any

from plimsoll.delivery.notice import Channel, Notice

_COLORS = {"opened": "attention", "still open": "warning", "resolved": "good"}


def _alert(notice: Notice, _: str) -> dict[str, Any]:
    lines = notice.lines if len(notice.subjects) > 1 else []
    return _card(notice.head, lines, notice.link, color=_COLORS[notice.state])


def _report(payload: Mapping[str, Any], _: str) -> dict[str, Any]:
    return _card(f"{payload['state']} {payload['facts']} ({payload['fleet']})", [], payload["link"])


def _card(head: str, lines: Sequence[str], link: str, *, color: str = "default") -> dict[str, Any]:
    title = {"type": "TextBlock", "text": head, "wrap": True, "weight": "bolder", "color": color}
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *({"type": "TextBlock", "text": line, "wrap": True} for line in lines)],
        "actions": [{"type": "Action.OpenUrl", "title": "Open the report", "url": link}] if link else [],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [content]}


CHANNEL = Channel(alert=_alert, report=_report)
