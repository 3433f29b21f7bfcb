"""The ping of a dead man's switch: one GET to a service that raises an alarm when it stays away."""

import httpx2

from plimsoll.delivery.hosts import host_of, refusal
from plimsoll.delivery.settings import Ping
from plimsoll.errors import shown

DEADLINE_S = 10.0


def ping(settings: Ping, address: str | None) -> str:
    """Why it did not arrive; empty where it did. The address is a secret: no message names more of it than its host."""
    if not address:
        return f"no address: set the variable {settings.url_env}"
    if refused := refusal(address, settings.hosts):
        return refused
    try:
        with httpx2.Client(timeout=DEADLINE_S, follow_redirects=False, trust_env=False) as client:
            answer = client.get(address)
    except httpx2.HTTPError as error:
        return f"{host_of(address)}: {shown(error) or type(error).__name__}"
    return "" if answer.is_success else f"{host_of(address)}: {answer.status_code}"
