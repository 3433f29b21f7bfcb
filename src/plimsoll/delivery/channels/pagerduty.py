"""PagerDuty events v2: one event for a thread, so one page for many alerts; it is resolved when the last has closed."""

from typing import Any, Final

from plimsoll.clock import rfc3339
from plimsoll.delivery.notice import Channel, Notice

_SEVERITIES: Final = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}
_SUMMARY_CHARS: Final = 1024
_KEY_CHARS: Final = 255
_MOST_DETAILS: Final = 50


def _alert(notice: Notice, _: str) -> dict[str, Any]:
    first = notice.subjects[0]
    return {
        "event_action": "trigger" if notice.open_left else "resolve",
        "dedup_key": notice.thread[:_KEY_CHARS],
        "client": "Plimsoll",
        **({"client_url": notice.link} if notice.link else {}),
        "payload": {
            "summary": notice.head[:_SUMMARY_CHARS],
            "source": first.resource,
            "severity": _SEVERITIES[notice.severity],
            "timestamp": rfc3339(notice.at),
            "component": first.metric,
            "group": notice.fleet,
            "class": first.kind,
            "custom_details": {one.id: one.text for one in notice.subjects[:_MOST_DETAILS]},
        },
    }


CHANNEL = Channel(alert=_alert, keyed_url="https://events.pagerduty.com/v2/enqueue", key_member="routing_key")
