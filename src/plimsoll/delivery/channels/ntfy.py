"""ntfy: JSON to the server's root; priority 5 for critical, 2 for what is resolved."""

from collections.abc import Mapping
from typing import Any, Final

from plimsoll.delivery.notice import Channel, Notice

_PRIORITIES: Final = {"critical": 5, "high": 4, "medium": 3, "low": 2}
_TAGS: Final = {"opened": ["rotating_light"], "still open": ["hourglass"], "resolved": ["white_check_mark"]}


def _alert(notice: Notice, topic: str) -> dict[str, Any]:
    return {
        "topic": topic,
        "title": notice.head,
        "message": "\n".join(notice.lines),
        "priority": 2 if notice.state == "resolved" else _PRIORITIES[notice.severity],
        "tags": _TAGS[notice.state],
        **({"click": notice.link} if notice.link else {}),
    }


def _report(payload: Mapping[str, Any], topic: str) -> dict[str, Any]:
    return {
        "topic": topic,
        "title": f"{payload['state']} ({payload['fleet']})",
        "message": str(payload["facts"]),
        "priority": 3,
        **({"click": payload["link"]} if payload["link"] else {}),
    }


CHANNEL = Channel(alert=_alert, report=_report)
