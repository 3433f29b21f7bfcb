"""The ping of a dead man's switch: one GET to a service that raises an alarm when it stays away."""

from plimsoll.delivery import http
from plimsoll.delivery.hosts import host_of, refusal
from plimsoll.delivery.settings import Ping

DEADLINE_S = 10.0


def ping(settings: Ping, address: str | None) -> str:
    """Why it did not arrive; empty where it did. The address is a secret: no message names more of it than its host."""
    if not address:
        return f"no address: set the variable {settings.url_env}"
    if refused := refusal(address, settings.hosts):
        return refused
    try:
        answer = http.request("GET", address, seconds=DEADLINE_S)
    except (http.Unreached, http.NoAnswer) as error:
        return f"{host_of(address)}: {error}"
    return "" if answer.accepted else f"{host_of(address)}: {answer.status}"
