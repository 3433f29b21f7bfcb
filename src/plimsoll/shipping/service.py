"""The way out of a spool that leads to a Plimsoll service: each segment by POST, with a token."""

import os
import ssl
from dataclasses import dataclass
from typing import Final

import httpx2

from plimsoll.deadline import Deadline
from plimsoll.errors import ConfigError, TemporaryError, shown
from plimsoll.lake import Segment
from plimsoll.shipping.destinations import SegmentRejected

_DEADLINE_S: Final = 30.0
_SEGMENTS: Final = "/v1/segments"
_NOBODY_TAKES_IT: Final = (400, 413, 422)


@dataclass(frozen=True, slots=True)
class ToService:
    """By POST to a Plimsoll service, with a token."""

    to: str
    token_env: str
    ca: str = ""

    def send(self, table: str, segment: Segment, data: bytes) -> None:
        """One POST; the service answers when it has the segment on its disk."""
        answer = self._asked("POST", f"{_SEGMENTS}/{table}/{segment.name}", data)
        if answer.status_code in _NOBODY_TAKES_IT:
            raise SegmentRejected(_said(answer))
        if answer.status_code >= 300:
            raise TemporaryError(f"{self.to}: {answer.status_code}: {_said(answer)}")

    def ask(self) -> None:
        """Whether it is there and knows the token."""
        answer = self._asked("GET", _SEGMENTS, b"")
        if answer.status_code >= 300:
            raise TemporaryError(f"{self.to}: {answer.status_code}: {_said(answer)}")

    def _asked(self, method: str, path: str, body: bytes) -> httpx2.Response:
        token = os.environ.get(self.token_env, "")
        if not token:
            raise ConfigError(f"[ship] token_env: the environment has no {self.token_env}")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/vnd.apache.parquet"}
        verify = self._vouched()
        try:
            with (
                Deadline(_DEADLINE_S) as deadline,
                httpx2.Client(timeout=_DEADLINE_S, follow_redirects=False, trust_env=False, verify=verify) as client,
            ):
                cut = {"trace": deadline.trace}
                return client.request(method, self.to + path, content=body, headers=headers, extensions=cut)
        except (httpx2.HTTPError, OSError) as error:
            raise TemporaryError(
                f"{self.to}: no answer ({shown(type(error).__name__)}); it is tried again later"
            ) from error

    def _vouched(self) -> bool | ssl.SSLContext:
        if not self.ca:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca)
        except OSError as error:
            raise ConfigError(f"[ship] ca {shown(self.ca)}: cannot be read as PEM ({error.strerror})") from error


def _said(answer: httpx2.Response) -> str:
    try:
        return shown(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return shown(answer.reason_phrase)
