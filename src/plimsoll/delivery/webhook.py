"""Webhooks: one POST of JSON, to a host that the config allows, without following redirects."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from plimsoll.delivery import http
from plimsoll.delivery.hosts import host_of, refusal
from plimsoll.delivery.outcome import Outcome
from plimsoll.delivery.settings import Webhook
from plimsoll.errors import shown
from plimsoll.escaping import plain_json

DEADLINE_S: Final = 10.0
_LATER: Final = (408, 425, 429)


def body(kind: str, payload: Mapping[str, Any]) -> bytes:
    """What a service of this kind understands. `payload`: fleet, kind, state, facts, link, alerts."""
    head = f"{payload['state']} {payload['facts']} ({payload['fleet']})"
    if kind == "slack":
        return _json({"text": _slack(head) + (f"\n<{payload['link']}|Open the report>" if payload["link"] else "")})
    if kind == "teams":
        card = {
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [{"type": "TextBlock", "text": head, "wrap": True, "weight": "bolder"}],
            "actions": [{"type": "Action.OpenUrl", "title": "Open the report", "url": payload["link"]}]
            if payload["link"]
            else [],
        }
        content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        return _json({"type": "message", "attachments": [content]})
    if kind == "alertmanager":
        return _json(_alerts(payload["fleet"], payload["alerts"]))
    return _json(payload)


def post(webhook: Webhook, address: str | None, raw: bytes) -> Outcome:
    """One attempt. The address is a secret: no message names more of it than its host."""
    if not address:
        return Outcome("later", f"no address: set the variable {webhook.url_env}")
    host = host_of(address)
    if refused := refusal(address, webhook.hosts):
        return Outcome("failed", refused)
    try:
        answer = http.request("POST", address, body=raw, seconds=DEADLINE_S)
    except http.Unreached as error:
        return Outcome("later", f"{host}: {error}")
    except http.NoAnswer as error:
        return Outcome("uncertain", f"{host}: {error}")
    if answer.accepted:
        return Outcome("sent", str(answer.status))
    again = answer.status >= 500 or answer.status in _LATER
    return Outcome("later" if again else "failed", f"{host}: {answer.status} {shown(answer.text)}")


def _alerts(fleet: str, alerts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "labels": {
                "alertname": str(one["metric"]),
                "resource": str(one["resource"]),
                "severity": str(one["severity"]),
                "fleet": fleet,
                "plimsoll_id": str(one["id"]),
            },
            "annotations": {"summary": str(one["message"])},
            "startsAt": one["since"],
        }
        for one in alerts
    ]


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _json(value: object) -> bytes:
    sound = json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
    return plain_json(sound.decode()).encode()
