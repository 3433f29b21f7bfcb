"""The application: routes, errors as JSON, entity tags, published files."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from plimsoll import documents
from plimsoll.api.access import SEGMENTS, Access, error
from plimsoll.api.documents import ROUTES, Documents
from plimsoll.api.health import Health
from plimsoll.api.metrics import CONTENT_TYPE, Counts, exposition
from plimsoll.api.openapi import openapi
from plimsoll.api.page import live_page, reports_page
from plimsoll.api.refusals import refusal
from plimsoll.api.segments import Taking
from plimsoll.api.tokens import Token, Tokens
from plimsoll.api.workers import Workers
from plimsoll.config.engine import Serve
from plimsoll.documents.parameters import SPECIFIED_REGIONS
from plimsoll.errors import PlimsollError
from plimsoll.project.context import Context

_KINDS: Final = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".prom": "text/plain; version=0.0.4; charset=utf-8",
}
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'none'"
)


def application(
    context: Callable[[], Context],
    settings: Serve,
    jobs: Iterable[str],
    workers: Workers,
    segments: Taking,
    *,
    local: bool,
    problems: Callable[[], Sequence[str]] = tuple,
) -> ASGIApp:
    """The ASGI application over a project; `context` makes one for the current time, `jobs` are exported in `/metrics`.

    `local` says that it is reached from this machine only: then, and only then, it answers before a token was made.
    `problems` finds what is wrong with the project, a line each.
    """
    counts = Counts()
    views = Views(context(), Documents(context, workers), counts, tuple(jobs), Health(problems))
    get = ["GET"]
    app = Starlette(
        routes=[
            *(Route(path, views.document, methods=get) for path in ROUTES),
            Route("/", views.live, methods=get),
            Route("/reports", views.reports, methods=get),
            Route("/reports/{path:path}", views.published, methods=get),
            Route("/feeds/{path:path}", views.published, methods=get),
            Route("/openapi.json", views.description, methods=get),
            Route("/healthz", views.health, methods=get),
            Route("/metrics", views.metrics, methods=get),
            Route(SEGMENTS, segments.known, methods=get),
            Route(SEGMENTS + "/{table}/{name}", segments.take, methods=["POST"]),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=2048)],
        exception_handlers={HTTPException: _http, PlimsollError: _refused, Exception: _broken},
    )
    app.router.redirect_slashes = False
    return Access(app, Tokens(views.context.data / "tokens.json"), settings, counts, local=local)


@dataclass(frozen=True, slots=True)
class Views:
    """One method a route."""

    context: Context
    answers: Documents
    counts: Counts
    jobs: tuple[str, ...]
    healthy: Health

    async def document(self, request: Request) -> Response:
        """A document, or 304 where the client has it."""
        token = request.scope.get("plimsoll.token")
        answer = await self.answers.answer(ROUTES[request.url.path], request.scope["query_string"], token)
        headers = {"ETag": answer.etag} if answer.etag else {}
        if answer.unknown_ids:
            headers["Plimsoll-Unknown-Resource-Ids"] = str(answer.unknown_ids)
        if answer.following:
            headers["Link"] = f'<{_following(request, answer.following)}>; rel="next"'
        if _has(request, answer.etag):
            return Response(status_code=304, headers=headers)
        return _answer(answer.status, answer.body, headers)

    async def live(self, _: Request) -> Response:
        """The live page."""
        return _page(*live_page(self.context))

    async def reports(self, request: Request) -> Response:
        """The list of reports."""
        return _out_of_scope(request) or _page(*reports_page(self.context))

    async def published(self, request: Request) -> Response:
        """A published file."""
        return _out_of_scope(request) or _file(self.context.published, request)

    async def description(self, request: Request) -> Response:
        """OpenAPI, with the regions that the token sees."""
        token: Token | None = request.scope.get("plimsoll.token")
        regions = await asyncio.to_thread(self._regions, token)
        return Response(documents.encode(openapi(self.context.version, regions)), media_type="application/json")

    def _regions(self, token: Token | None) -> list[str]:
        known = [one for one in self.context.sources(proven=False).resources() if token is None or token.sees(one)]
        return list(dict.fromkeys((*SPECIFIED_REGIONS, *sorted({one.region for one in known if one.region}))))

    async def health(self, _: Request) -> Response:
        """That it answers (200), and whether the project is well; what is wrong is shown only with a token."""
        problems = await asyncio.to_thread(self.healthy.problems)
        if problems:
            return JSONResponse({"status": "unhealthy", "problems": len(problems), "see": "plimsoll status"})
        return JSONResponse({"status": "ok"})

    async def metrics(self, _: Request) -> Response:
        """What it does and what it costs."""
        problems = await asyncio.to_thread(self.healthy.problems)
        text = await asyncio.to_thread(exposition, self.context, self.counts, self.jobs, problems)
        return Response(text, media_type=CONTENT_TYPE)


def _page(body: bytes, policy: str) -> Response:
    return Response(body, media_type="text/html", headers={"Content-Security-Policy": policy})


def _out_of_scope(request: Request) -> Response | None:
    """What is published is about the whole fleet."""
    token: Token | None = request.scope.get("plimsoll.token")
    if token is None or not token.scopes:
        return None
    return error(403, "out_of_scope", "reports are about the whole fleet; this token sees a part of it")


def _following(request: Request, cursor: str) -> str:
    """The same question about the next page."""
    pairs = [pair for pair in request.url.query.split("&") if pair and pair.partition("=")[0] != "cursor"]
    return f"{request.url.path}?{'&'.join([*pairs, 'cursor=' + quote(cursor, safe='')])}"


def _has(request: Request, etag: str) -> bool:
    """Whether the client has the very thing already, by its tag."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return bool(etag) and (etag in tags or tags == ["*"])


def _file(root: Path, request: Request) -> Response:
    """A published file: names of ours only, no way out of the folder, no hidden file, no link; 304 as documents."""
    parts = request.path_params["path"].split("/")
    path = root.joinpath(*parts)
    bad = any(not part or part.startswith(".") or "\\" in part or not part.isprintable() for part in parts)
    if bad or path.suffix not in _KINDS or path.is_symlink() or not path.is_file():
        return error(404, "not_found", "there is no such report or feed")
    if root.resolve() not in path.resolve().parents:
        return error(404, "not_found", "there is no such report or feed")
    found = path.stat()
    # a publication renames a new file into its place: never the same number, size and time for other bytes
    headers = {"ETag": f'"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"'}
    if _has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = _PAGE_POLICY
    return FileResponse(path, media_type=_KINDS[path.suffix], headers=headers, stat_result=found)


async def _http(_: Request, raised: Exception) -> Response:
    status = raised.status_code if isinstance(raised, HTTPException) else 500
    codes = {404: ("not_found", "there is no such path"), 405: ("method_not_allowed", "this path is only read: GET")}
    code, message = codes.get(status, ("refused", "the request cannot be answered"))
    response = error(status, code, message)
    if isinstance(raised, HTTPException) and raised.headers:
        response.headers.update(raised.headers)
    return response


async def _refused(_: Request, raised: Exception) -> Response:
    assert isinstance(raised, PlimsollError)  # noqa: S101 - what it is registered for
    status, body = refusal(raised)
    return _answer(status, json.dumps(body).encode(), {})


def _answer(status: int, body: bytes, headers: dict[str, str]) -> Response:
    if status == 503:
        headers = {**headers, "Retry-After": "5"}
    return Response(body, status_code=status, media_type="application/json", headers=headers)


async def _broken(_: Request, __: Exception) -> Response:
    return error(500, "internal_error", "the answer could not be made; the log says why")
