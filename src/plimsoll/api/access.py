"""Who may ask: host names, tokens, how often. A pure ASGI layer before every route."""

import logging
import re
import time
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plimsoll.api.metrics import Counts
from plimsoll.api.minutes import Minutes
from plimsoll.api.refusals import error_body
from plimsoll.api.sign_in import SIGN_IN, SIGN_OUT, Sessions, asks_for_a_page, way_in
from plimsoll.api.tokens import Token, Tokens
from plimsoll.config.engine import Serve
from plimsoll.errors import PlimsollError, shown

OPEN_PATHS: Final = ("/healthz", SIGN_IN, SIGN_OUT)
SEGMENTS: Final = "/v1/segments"
LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
MOST_QUERY_BYTES: Final = 32_768
LOG: Final = logging.getLogger("plimsoll.access")
_MOST_PORT: Final = 65_535
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"private, no-cache"),
)
_POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def error(status: int, code: str, message: str, **more: object) -> JSONResponse:
    """Every refusal has this shape."""
    return JSONResponse(error_body(code, message, **more), status_code=status)


class Access:
    """Refuses foreign hosts, wrong tokens and floods; notes the token for the routes.

    Closed unless it is known to be open: without a token only a service that is reached from this machine alone
    (`local`) answers, and only as long as no token was ever made. A list of tokens that was emptied, lost or damaged
    opens nothing. A browser that has signed in (`sessions`) reads what its token reads; one that has not is shown
    where.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        settings: Serve,
        counts: Counts,
        *,
        local: bool,
        sessions: Sessions | None = None,
    ) -> None:
        self._app, self._tokens, self._settings, self._counts = app, tokens, settings, counts
        self._open, self._sessions = local, sessions
        self._asked, self._wrong = Minutes(settings.requests_per_minute), Minutes(settings.wrong_tokens_per_minute)
        self._listed, self._unlisted = Minutes(2 * settings.requests_per_minute), 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        target = self._app if refusal is None else refusal
        await target(scope, receive, self._sending(scope, send))

    def _sending(self, scope: Scope, send: Send) -> Send:
        """Adds our headers to the answer, counts it, and writes it into the log: no query, no token, no header."""
        began, path = time.monotonic(), scope["path"]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counts.one(path, message["status"])
                token: Token | None = scope.get("plimsoll.token")
                who = token.name if token else "-"
                client = scope["client"][0] if scope.get("client") else "-"
                took_ms = 1000 * (time.monotonic() - began)
                asked = f"{scope['method']} {shown(path)}"
                answered = f"{client} {who} {asked} {message['status']} {took_ms:.0f} ms"
                self._list(token.name if token else client, answered)
                present = {key for key, _ in message["headers"]}
                extra = [pair for pair in (*_HEADERS, _POLICY) if pair[0] not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        return sending

    def _list(self, who: str, line: str) -> None:
        """One line a request; who asks far more often than allowed fills no disk with it."""
        if not self._listed.more(who):
            self._unlisted += 1
            return
        if self._unlisted:
            LOG.warning("%d requests of clients that ask too often are not listed", self._unlisted)
            self._unlisted = 0
        LOG.info("%s", line)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if (malformed := self._malformed(scope, headers)) is not None:
            return malformed
        client = scope["client"][0] if scope.get("client") else ""
        token, refused = self._token(scope, headers, client)
        if refused is not None:
            return refused
        if token is not None and bool(token.ships) != scope["path"].startswith(SEGMENTS):
            return error(403, "out_of_scope", "a token that ships does nothing else, and no other token ships")
        if not self._asked.more(token.name if token else client):
            return _slow_down(f"more than {self._settings.requests_per_minute} requests a minute")
        scope["plimsoll.token"] = token
        return None

    def _malformed(self, scope: Scope, headers: Headers) -> JSONResponse | None:
        """What is refused for every caller."""
        if _name(headers.get("host", "")) not in (*LOCAL_HOSTS, *(one.lower() for one in self._settings.hosts)):
            return error(400, "unknown_host", "this service is not asked for by that name; see [serve] hosts")
        if "content-length" in headers and "transfer-encoding" in headers:
            # a proxy before this service may have cut the stream by the other of the two (RFC 9112, 6.3)
            refused = error(400, "ambiguous_length", "the body has two lengths: Content-Length and Transfer-Encoding")
            refused.headers["Connection"] = "close"
            return refused
        if len(scope["query_string"]) > MOST_QUERY_BYTES:
            return error(414, "query_too_long", f"the query is longer than {MOST_QUERY_BYTES} bytes")
        return None

    def _token(self, scope: Scope, headers: Headers, client: str) -> tuple[Token | None, Response | None]:
        if scope["path"] in OPEN_PATHS:
            return None, None
        try:
            known = self._tokens.found()
        except PlimsollError as raised:
            return None, error(503, "unavailable", str(raised))
        self._open = self._open and known is None
        if self._open:
            return None, None
        token = self._of(scope["method"], headers, known or [])
        return (token, None) if token is not None else (None, self._no_token(scope, headers, client, bool(known)))

    def _of(self, method: str, headers: Headers, known: list[Token]) -> Token | None:
        """The token of the header, or, where none is sent and it is only read, the one that the cookie stands for."""
        given = [value for key, value in headers.raw if key == b"authorization"]
        if not given and self._sessions is not None and method in ("GET", "HEAD"):
            return self._sessions.token(headers, known)
        return self._tokens.match(known, given[0]) if len(given) == 1 else None

    def _no_token(self, scope: Scope, headers: Headers, client: str, known: bool) -> Response:
        if self._sessions is not None and asks_for_a_page(scope["method"], scope["path"], headers):
            return way_in(scope["path"], scope["query_string"])
        if not self._wrong.more(client):
            return _slow_down("too many wrong tokens")
        why = "a token is needed: Authorization: Bearer plm_..."
        refused = error(401, "unauthorized", why if known else f"{why}; there is none yet: plimsoll token new NAME")
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused


def _name(host: str) -> str:
    """The name of a Host header, without its port; empty where it is anything but a name and a port that can be.

    >>> _name("127.0.0.1:8080"), _name("[::1]:99"), _name("127.0.0.1:1@evil.example"), _name("localhost:0")
    ('127.0.0.1', '[::1]', '', '')
    """
    found = _HOST.fullmatch(host.lower())
    return found[1] if found and 1 <= int(found[2] or 80) <= _MOST_PORT else ""


def _slow_down(why: str) -> JSONResponse:
    response = error(429, "too_many_requests", f"{why}; try again in a minute")
    response.headers["Retry-After"] = "60"
    return response
