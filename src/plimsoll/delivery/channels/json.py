"""A webhook of one's own: everything that is known, as JSON."""

from collections.abc import Mapping
from typing import Any

from plimsoll.clock import rfc3339
from plimsoll.delivery.notice import Channel, Notice, Subject


def _alert(notice: Notice, _: str) -> dict[str, Any]:
    return {
        "kind": "alert",
        "id": notice.identity,
        "thread": notice.thread,
        "state": notice.state,
        "fleet": notice.fleet,
        "at": rfc3339(notice.at),
        "summary": notice.head,
        "openInThread": notice.open_left,
        "link": notice.link,
        "alerts": [_one(subject) for subject in notice.subjects],
    }


def _one(subject: Subject) -> dict[str, Any]:
    return {
        "id": subject.id,
        "kind": subject.kind,
        "severity": subject.severity,
        "resource": subject.resource,
        "name": subject.name,
        "type": subject.type,
        "owner": subject.owner,
        "metric": subject.metric,
        "value": subject.value,
        "threshold": subject.threshold,
        "text": subject.text,
        "opened": rfc3339(subject.opened),
        "closed": rfc3339(subject.closed) if subject.closed else None,
    }


def _report(payload: Mapping[str, Any], _: str) -> Mapping[str, Any]:
    return payload


CHANNEL = Channel(alert=_alert, report=_report)
