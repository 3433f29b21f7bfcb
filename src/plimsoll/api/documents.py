"""The documents of the routes: one computation for equal questions, cached until the lake changes, bounded."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from plimsoll import documents
from plimsoll.api.parameters import PERFORMANCE, Parameters, performance_query
from plimsoll.api.refusals import Busy, refusal
from plimsoll.api.tokens import Token
from plimsoll.api.workers import Workers
from plimsoll.clock import SystemClock, floor
from plimsoll.documents.parameters import PerformanceQuery
from plimsoll.errors import PlimsollError
from plimsoll.fleet.resources import selected
from plimsoll.project import Project
from plimsoll.project.context import Context
from plimsoll.project.runner import context
from plimsoll.queries.anomalies import AnomaliesQuery, anomalies
from plimsoll.queries.capacity import CapacityQuery, capacity
from plimsoll.queries.context import QueryContext
from plimsoll.queries.optimization import OptimizationQuery, optimization
from plimsoll.queries.performance import performance

_MOST_CACHED: Final = 128
_MOST_CACHED_BYTES: Final = 256 * 1024**2
_FRESH_S: Final = 10
_WAITING: Final = 16

Query: TypeAlias = PerformanceQuery | OptimizationQuery | AnomaliesQuery | CapacityQuery


class DocumentRequest(msgspec.Struct, frozen=True):
    """One request, as it goes to the process that answers it."""

    route: str
    query: bytes
    at: datetime
    scopes: tuple[str, ...]


class DocumentResponse(msgspec.Struct, frozen=True):
    """A document or a refusal as bytes, its entity tag, and how many of the requested ids are unknown."""

    status: int
    body: bytes
    etag: str = ""
    unknown_ids: int = 0
    following: str = ""
    """The cursor of the page after this one."""


class Documents:
    """Answers questions about one project: processes compute, the event loop only waits."""

    def __init__(self, context: Callable[[], Context], workers: Workers) -> None:
        self._context, self._workers = context, workers
        self._cache: OrderedDict[tuple[Any, ...], DocumentResponse] = OrderedDict()
        self._lock = threading.Lock()
        self._waiting = 0

    async def answer(self, route: str, query: bytes, token: Token | None) -> DocumentResponse:
        """The document of a route for a query string; refuses by name, waits its turn, keeps to the deadline."""
        context = self._context()
        # one instant for ten seconds: the same question is the same document, and the cache is of use
        tick = floor(context.as_of, _FRESH_S)
        scopes = token.scopes if token else ()
        key = (route, query, scopes, context.lake.snapshot(proven=False).generation, tick)
        if (known := self._known(key)) is not None:
            return known
        if self._waiting >= _WAITING:
            raise Busy("too many questions are waiting; try again in a few seconds")
        self._waiting += 1
        try:
            raw = msgspec.msgpack.encode(DocumentRequest(route, query, context.as_of, scopes))
            made = msgspec.msgpack.decode(await self._workers.asked(raw), type=DocumentResponse)
        finally:
            self._waiting -= 1
        if made.status == 200:
            self._keep(key, made)
        return made

    def _known(self, key: tuple[Any, ...]) -> DocumentResponse | None:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
            return self._cache.get(key)

    def _keep(self, key: tuple[Any, ...], made: DocumentResponse) -> None:
        with self._lock:
            self._cache[key] = made
            while len(self._cache) > _MOST_CACHED or self._cached_bytes() > _MOST_CACHED_BYTES:
                self._cache.popitem(last=False)

    def _cached_bytes(self) -> int:
        return sum(len(answer.body) for answer in self._cache.values())


def answering(root: str) -> Callable[[bytes], bytes]:
    """What a worker does with the questions about the project in the folder `root`."""
    folder = Path(root)
    wired = context(Project.open(folder, here=folder), clock=SystemClock())

    def work(raw: bytes) -> bytes:
        question = msgspec.msgpack.decode(raw, type=DocumentRequest)
        try:
            made = _compute(question, replace(wired, as_of=question.at).sources(proven=False))
        except PlimsollError as error:
            status, body = refusal(error)
            made = DocumentResponse(status, documents.encode(body, indent=0))
        except MemoryError:
            status, body = refusal(Busy("the answer takes more memory than it may; ask for less"))
            made = DocumentResponse(status, documents.encode(body, indent=0))
        return msgspec.msgpack.encode(made)

    return work


def _compute(question: DocumentRequest, sources: QueryContext) -> DocumentResponse:
    token = Token("", "", question.scopes, "") if question.scopes else None
    sources = replace(sources, sees=token.sees if token else None)
    asked = _QUESTIONS[question.route](question.query, sources)
    body = documents.encode(_MAKERS[question.route](asked, sources), indent=0)
    ids: tuple[str, ...] = getattr(asked, "resource_ids", ())
    known: set[str] = {resource.resource_id for resource in sources.resources()} if ids else set()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return DocumentResponse(200, body, etag, sum(1 for one in ids if one not in known), _following(asked, sources))


def _following(asked: Query, sources: QueryContext) -> str:
    """The last id of a full page; empty on the last page."""
    if not isinstance(asked, PerformanceQuery) or asked.limit is None:
        return ""
    page = selected(sources.resources(), replace(asked, limit=asked.limit + 1))
    return page[asked.limit - 1].resource_id if len(page) > asked.limit else ""


def _performance(query: bytes, sources: QueryContext) -> PerformanceQuery:
    regions = sorted({r.region for r in sources.resources() if r.region})
    return performance_query(query, regions)


def _optimization(query: bytes, _: QueryContext) -> OptimizationQuery:
    names = ("timeRange", "resourceIds", "analyzeBottlenecks", "includeRecommendations")
    asked = Parameters(query, known=names, arrays=("resourceIds",))
    return OptimizationQuery.parse(
        time_range=asked.one("timeRange", "24h"),
        resource_ids=asked.many("resourceIds"),
        bottlenecks=asked.flag("analyzeBottlenecks", default=True),
        recommendations=asked.flag("includeRecommendations", default=True),
    )


def _anomalies(query: bytes, _: QueryContext) -> AnomaliesQuery:
    asked = Parameters(query, known=("timeRange", "granularity", "threshold"))
    time_range = asked.one("timeRange", "1h")
    return AnomaliesQuery.parse(
        time_range=time_range,
        granularity=asked.one("granularity", "5m" if time_range == "5m" else "15m"),
        threshold=asked.number("threshold"),
    )


def _capacity(query: bytes, _: QueryContext) -> CapacityQuery:
    asked = Parameters(query, known=("horizon", "demand", "add"), arrays=("add",))
    demand = asked.one("demand", "") if asked.given("demand") else None
    return CapacityQuery.parse(horizon=asked.one("horizon", "60d"), demand=demand, add=asked.many("add"))


ROUTES: Final = {
    "/v2/monitoring/performance": "performance",
    "/v2/monitoring/performance/optimization": "optimization",
    "/v2/monitoring/performance/anomalies": "anomalies",
    "/v2/monitoring/performance/capacity": "capacity",
}
_QUESTIONS: Final[dict[str, Callable[[bytes, QueryContext], Query]]] = {
    "performance": _performance,
    "optimization": _optimization,
    "anomalies": _anomalies,
    "capacity": _capacity,
}
_MAKERS: Final[dict[str, Callable[[Any, QueryContext], object]]] = {
    "performance": lambda question, sources: performance(sources, question)[0],
    "optimization": lambda question, sources: optimization(sources, question)[0],
    "anomalies": lambda question, sources: anomalies(sources, question)[0],
    "capacity": lambda question, sources: capacity(sources, question)[0],
}
PARAMETERS: Final = {
    "performance": tuple(PERFORMANCE),
    "optimization": ("timeRange", "resourceIds", "analyzeBottlenecks", "includeRecommendations"),
    "anomalies": ("timeRange", "granularity", "threshold"),
    "capacity": ("horizon", "demand", "add"),
}
