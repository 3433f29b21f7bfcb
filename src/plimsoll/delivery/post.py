"""One POST of JSON to a channel's service: allowed hosts only, no redirects, secrets filled in at the end."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from plimsoll.delivery import http
from plimsoll.delivery.channels import channels
from plimsoll.delivery.hosts import host_of, refusal
from plimsoll.delivery.notify import Notify, secret
from plimsoll.delivery.outcome import Outcome
from plimsoll.errors import shown
from plimsoll.escaping import plain_json

DEADLINE_S: Final = 10.0
_LATER: Final = (408, 425, 429)
_LATER_ERRORS: Final = frozenset({"ratelimited", "internal_error", "fatal_error", "request_timeout"})


def encoded(body: object) -> bytes:
    """A body as it is kept in the outbox; it holds no secret."""
    sound = json.dumps(body, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")
    return plain_json(sound.decode()).encode()


def post(
    settings: Notify,
    raw: bytes,
    *,
    identity: str,
    environment: Mapping[str, str],
    receipt: str = "",
    sending: Callable[[], None] = lambda: None,
) -> Outcome:
    """One attempt; `receipt` is what the service answered to the first message of the thread.

    `sending` is called before the first byte of the message leaves: from then on it may have been accepted.
    Address and key are secrets: no outcome names more than the host.
    """
    channel, values = channels()[settings.kind], environment
    address = settings.url or secret(values, settings.url_env, settings.url_file) or _keyed(settings)
    if not address:
        return Outcome("later", f"no address: set {_where(settings.url_env, settings.url_file)}")
    key = secret(values, settings.key_env, settings.key_file)
    if settings.has_key and not key:
        return Outcome("later", f"no key: set {_where(settings.key_env, settings.key_file)}")
    host = host_of(address)
    if refused := refusal(address, settings.hosts or _own_hosts(settings)):
        return Outcome("failed", refused)
    headers = {"X-Plimsoll-Message-ID": identity}
    more: dict[str, str] = {}
    if key and channel.key_member:
        more[channel.key_member] = key
    elif key:
        headers["Authorization"] = f"Bearer {key}"
    if receipt and channel.thread_member:
        more[channel.thread_member] = receipt
    body = encoded({**json.loads(raw), **more}) if more else raw
    try:
        answer = http.request("POST", address, body=body, seconds=DEADLINE_S, headers=headers, sending=sending)
    except http.Unreached as error:
        return Outcome("later", f"{host}: {error}")
    except http.NoAnswer as error:
        return Outcome("uncertain", f"{host}: {error}")
    return _judged(host, answer, channel.receipt_member, key)


def _judged(host: str, answer: http.Said, receipt_member: str, key: str) -> Outcome:
    if not answer.accepted:
        again = answer.status >= 500 or answer.status in _LATER
        return Outcome("later" if again else "failed", f"{host}: {answer.status} {_without(key, answer.text)}")
    says: Mapping[str, Any] = _object(answer.text) if receipt_member else {}
    if says.get("ok") is False:  # Slack's interface answers 200 to everything
        error = str(says.get("error", ""))
        return Outcome("later" if error in _LATER_ERRORS else "failed", f"{host}: {_without(key, error)}")
    return Outcome("sent", str(answer.status), receipt=str(says.get(receipt_member, "")) if receipt_member else "")


def _keyed(settings: Notify) -> str:
    return (
        channels()[settings.kind].keyed_url if settings.has_key and not (settings.url_env or settings.url_file) else ""
    )


def _own_hosts(settings: Notify) -> tuple[str, ...]:
    address = settings.url or channels()[settings.kind].keyed_url
    return (urlsplit(address).hostname or "",)


def _where(env: str, file: str) -> str:
    return f"the variable {env}" if env else f"the file {shown(file)}"


def _without(key: str, text: str) -> str:
    return shown(text.replace(key, "***") if key else text)


def _object(text: str) -> Mapping[str, Any]:
    """An answer that is a JSON object; an empty one for anything else (an incoming webhook says just `ok`)."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        return {}
