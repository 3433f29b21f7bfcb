"""One request of delivery: a deadline for the whole of it, a bounded answer, no redirects, no proxies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from plimsoll.deadline import Deadline
from plimsoll.errors import PlimsollError, shown

_MOST_BYTES: Final = 65_536
_REQUEST_BEGINS: Final = "send_request_headers.started"


@dataclass(frozen=True, slots=True)
class Said:
    """What the other side answered: status and the beginning of the text."""

    status: int
    text: str

    @property
    def accepted(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300


class Unreached(PlimsollError):
    """No connection was made: nothing can have been accepted."""


class NoAnswer(PlimsollError):
    """The request may have arrived; no whole answer came in time."""


def request(
    method: str,
    address: str,
    *,
    seconds: float,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    sending: Callable[[], None] = lambda: None,
) -> Said:
    """One request; `sending` is called on a connection that is made, before the first byte of the request.

    Its errors name the kind of failure, never the address, which may be a secret.
    """
    sent = {**(headers or {}), **({"Content-Type": "application/json"} if body else {})}
    received = bytearray()
    with Deadline(seconds) as deadline:

        def trace(event: str, about: Mapping[str, Any]) -> None:
            deadline.trace(event, about)
            if event.endswith(_REQUEST_BEGINS):
                sending()

        try:
            with (
                httpx2.Client(timeout=seconds, follow_redirects=False, trust_env=False) as client,
                client.stream(method, address, content=body, headers=sent, extensions={"trace": trace}) as answer,
            ):
                for part in answer.iter_raw(8192):
                    received += part
                    if len(received) > _MOST_BYTES:
                        break
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise Unreached(shown(str(error) or type(error).__name__)) from error
        except (httpx2.HTTPError, OSError) as error:
            raise NoAnswer(deadline.why if deadline.passed else type(error).__name__) from error
    if deadline.passed:
        raise NoAnswer(deadline.why)
    return Said(answer.status_code, received.decode(errors="replace"))
