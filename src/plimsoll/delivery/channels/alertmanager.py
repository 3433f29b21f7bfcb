"""Alertmanager v2 (POST /api/v2/alerts): one alert each, the same labels in every state, which is how it joins them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from plimsoll.clock import rfc3339
from plimsoll.delivery.notice import Channel, Notice, Subject

_HOLDS: Final = timedelta(days=7)
"""An open alert stays so without news; Alertmanager would close it after its own resolve_timeout."""


def _alert(notice: Notice, _: str) -> list[dict[str, Any]]:
    return [_one(notice, subject) for subject in notice.subjects]


def _one(notice: Notice, subject: Subject) -> dict[str, Any]:
    return {
        "labels": {
            "alertname": subject.metric,
            "resource": subject.resource,
            "resource_type": subject.type,
            "severity": subject.severity,
            "fleet": notice.fleet,
            "plimsoll_id": subject.id,
            **({"owner": subject.owner} if subject.owner else {}),
        },
        "annotations": {"summary": subject.text},
        "startsAt": rfc3339(subject.opened),
        "endsAt": rfc3339(subject.closed or notice.at + _HOLDS),
        **({"generatorURL": notice.link} if notice.link else {}),
    }


def _report(payload: Mapping[str, Any], _: str) -> list[dict[str, Any]]:
    return [
        {
            "labels": {
                "alertname": str(one["metric"]),
                "resource": str(one["resource"]),
                "severity": str(one["severity"]),
                "fleet": payload["fleet"],
                "plimsoll_id": str(one["id"]),
            },
            "annotations": {"summary": str(one["message"])},
            "startsAt": one["since"],
        }
        for one in payload["alerts"]
    ]


CHANNEL = Channel(alert=_alert, report=_report)
