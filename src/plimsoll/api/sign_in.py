"""Signing in with a browser: a page takes a token once, and a cookie stands for it until it ends or is given back.

The cookie holds 256 random bits, of which the process keeps the SHA-256; it is HttpOnly and SameSite=Lax (the button
of a mail leads here), and Secure where TLS is spoken here or before us. It reads and does nothing else. What is signed
in ends with its time, with its token, and with the process.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from plimsoll.api.links import Links
from plimsoll.api.minutes import Minutes
from plimsoll.api.page import sign_in_page
from plimsoll.api.tokens import Token, Tokens
from plimsoll.config.engine import Serve
from plimsoll.project.context import Context

SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
_MOST_SESSIONS: Final = 10_000
_MOST_FORM_BYTES: Final = 4_096
_NOT_KNOWN: Final = "This service has no such token, or one that only ships."
_LINK_IS_OVER: Final = "That link was used, or its time is over. Ask for another one, or sign in with a token."
_FORM: Final = "application/x-www-form-urlencoded"
_REFERRER: Final = {"Referrer-Policy": "same-origin"}  # with no-referrer a browser hides the Origin of our own form


@dataclass(slots=True)
class Sessions:
    """Who is signed in: the hash of each cookie, with the hash of its token and when it ends. In memory only."""

    lasts_s: float
    secure: bool
    now: Callable[[], float] = time.monotonic
    _open: "OrderedDict[str, tuple[str, float]]" = field(default_factory=OrderedDict[str, tuple[str, float]])

    @property
    def name(self) -> str:
        """Of the cookie; with TLS a browser holds it to this host and to TLS by its name."""
        return "__Host-plimsoll" if self.secure else "plimsoll"

    def begin(self, token: Token) -> str:
        """A new session's text, for the cookie; the oldest ends where there are too many."""
        text = secrets.token_urlsafe(32)
        self._open[_hash(text)] = token.sha256, self.now() + self.lasts_s
        while len(self._open) > _MOST_SESSIONS:
            self._open.popitem(last=False)
        return text

    def token(self, headers: Headers, known: Sequence[Token]) -> Token | None:
        """The token that a request's cookie stands for, if it is still one and its time has not passed."""
        digest, end = self._open.get(_hash(self._cookie(headers)), ("", 0.0))
        return next((one for one in known if one.sha256 == digest), None) if self.now() < end else None

    def end(self, headers: Headers) -> None:
        """The request's session is none any more."""
        self._open.pop(_hash(self._cookie(headers)), None)

    def _cookie(self, headers: Headers) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.name)
        except CookieError:
            return ""
        return found.value if found is not None else ""


class SignIn:
    """The page that takes a token, and the way out."""

    def __init__(self, context: Context, tokens: Tokens, settings: Serve) -> None:
        secure = bool(settings.tls_certificate) or settings.behind_proxy
        self._context, self._tokens = context, tokens
        self._links = Links(context.data)
        self.sessions: Final = Sessions(settings.signed_in_for, secure)
        self._wrong = Minutes(settings.wrong_tokens_per_minute)

    async def page(self, request: Request) -> Response:
        """The form; for a one-time link that still stands a button alone, which uses it up."""
        link, to = request.query_params.get("link", ""), safe_path(request.query_params.get("next", ""))
        if link and not self._links.stands(link, self._context.clock.now()):
            return self._form(200, _LINK_IS_OVER, to)
        return self._form(200, "", to, link)

    async def enter(self, request: Request) -> Response:
        """Takes the form: 303 to the page that was asked for, or the form again with the reason."""
        given = await _fields(request)
        if given is None:
            return self._form(400, "The form could not be read. Try again.", "/")
        to = safe_path(given.get("next", ""))
        if not _of_our_own_page(request.headers):
            return self._form(403, "That form was not of this service. Try again here.", to)
        token = self._token(given)
        if token is None or token.ships:
            allowed = self._wrong.more(request.client.host if request.client else "")
            if not allowed:
                return self._form(429, "Too many wrong tokens: wait a minute.", to)
            return self._form(401, _LINK_IS_OVER if "link" in given else _NOT_KNOWN, to)
        answer = RedirectResponse(to, 303)
        sessions = self.sessions
        answer.set_cookie(
            sessions.name,
            sessions.begin(token),
            max_age=round(sessions.lasts_s),
            secure=sessions.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    def _token(self, given: dict[str, str]) -> Token | None:
        known = self._tokens.all()
        if "link" in given:
            return self._links.use(given["link"], known, self._context.clock.now())
        return self._tokens.match(known, f"Bearer {given.get('token', '').strip()}".encode())

    async def leave(self, request: Request) -> Response:
        """Ends the session, for forms of our own pages only."""
        if _of_our_own_page(request.headers):
            self.sessions.end(request.headers)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(self.sessions.name, secure=self.sessions.secure, httponly=True, samesite="lax")
        return answer

    def _form(self, status: int, why: str, to: str, link: str = "") -> Response:
        body, policy = sign_in_page(self._context, why=why, to=to, link=link)
        headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", **_REFERRER}
        return Response(body, status, headers, "text/html")


def asks_for_a_page(method: str, path: str, headers: Headers) -> bool:
    """Whether a person's browser asks for one of our pages: then the way in is shown, and no refusal as JSON."""
    page = path in {"/", "/reports"} or path.startswith("/reports/")
    return method == "GET" and page and "text/html" in headers.get("accept", "") and "authorization" not in headers


def way_in(path: str, query: bytes) -> Response:
    """To the form, and from there back to what was asked for."""
    asked = path + (f"?{query.decode('latin-1')}" if query else "")
    return RedirectResponse(f"{SIGN_IN}?next={quote(asked, safe='')}", 303)


def safe_path(text: str) -> str:
    r"""A path of this service to go on to; the live page where it could lead elsewhere.

    >>> safe_path("/reports/latest/daily.html"), safe_path("//evil.example"), safe_path("/\\evil.example")
    ('/reports/latest/daily.html', '/', '/')
    """
    parts = urlsplit(text) if text.isascii() and text.isprintable() and "\\" not in text else None
    ours = (
        parts is not None and text.startswith("/") and not text.startswith("//") and not (parts.scheme or parts.netloc)
    )
    return text if ours and not text.startswith((SIGN_IN, SIGN_OUT)) else "/"


def _of_our_own_page(headers: Headers) -> bool:
    """Whether a form was sent by a page of this service, as browsers say it; without it, no browser."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site in ("same-origin", "none")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


async def _fields(request: Request) -> dict[str, str] | None:
    """The form's first value of each field; None where it is not a form, or longer than a form of ours can be."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _MOST_FORM_BYTES:
                return None
        return {key: values[0] for key, values in parse_qs(body.decode(), max_num_fields=8).items()}
    except (ValueError, ClientDisconnect):
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
