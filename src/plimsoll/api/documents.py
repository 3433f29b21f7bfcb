"""The documents of the routes: one computation for equal questions, cached until the lake changes, bounded."""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, TypeAlias

from plimsoll import documents
from plimsoll.answers.anomalies import AnomaliesQuery, anomalies
from plimsoll.answers.capacity import CapacityQuery, capacity
from plimsoll.answers.optimization import OptimizationQuery, optimization
from plimsoll.answers.performance import performance
from plimsoll.answers.sources import Sources
from plimsoll.api.parameters import PERFORMANCE, Parameters, performance_query
from plimsoll.api.tokens import Token
from plimsoll.clock import floor
from plimsoll.errors import TryAgain
from plimsoll.job import Context
from plimsoll.query import PerformanceQuery
from plimsoll.settings import Serve

_MOST_CACHED: Final = 128
_MOST_CACHED_BYTES: Final = 256 * 1024**2
_FRESH_S: Final = 10
_WAITING: Final = 16

Question: TypeAlias = PerformanceQuery | OptimizationQuery | AnomaliesQuery | CapacityQuery


@dataclass(frozen=True, slots=True)
class Answer:
    """A document as bytes, its entity tag, and how many of the ids that were asked for nobody knows."""

    body: bytes
    etag: str
    unknown_ids: int


class Busy(TryAgain):
    """Too many heavy questions at once."""


class Documents:
    """Answers questions about one project; threads compute, the event loop only waits."""

    def __init__(self, context: Callable[[], Context], settings: Serve) -> None:
        self._context, self._settings = context, settings
        self._cache: OrderedDict[tuple[Any, ...], Answer] = OrderedDict()
        self._lock = threading.Lock()
        self._heavy = asyncio.Semaphore(settings.heavy_at_once)
        self._waiting = 0

    async def answer(self, route: str, query: bytes, token: Token | None) -> Answer:
        """The document of a route for a query string; refuses by name, waits its turn, keeps to the deadline."""
        context = self._context()
        sources = context.sources()
        # one instant for ten seconds: the same question is the same document, and the cache is of use
        at = floor(sources.as_of, _FRESH_S) + timedelta(seconds=_FRESH_S) - timedelta(milliseconds=1)
        sources = replace(sources, as_of=min(at, sources.as_of), sees=token.sees if token else None)
        key = (route, query, token.sha256 if token else "", sources.snapshot.generation, floor(at, _FRESH_S))
        if (known := self._known(key)) is not None:
            return known
        question = _QUESTIONS[route](query, sources)
        if self._waiting >= _WAITING:
            raise Busy("too many questions are waiting; try again in a few seconds")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.deadline_s), self._heavy:
                made = await asyncio.to_thread(_compute, route, question, sources)
        except TimeoutError as error:
            raise Busy(f"no answer within {self._settings.deadline_s:g} s; ask for less, or try again") from error
        finally:
            self._waiting -= 1
        self._keep(key, made)
        return made

    def _known(self, key: tuple[Any, ...]) -> Answer | None:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
            return self._cache.get(key)

    def _keep(self, key: tuple[Any, ...], made: Answer) -> None:
        with self._lock:
            self._cache[key] = made
            while (
                len(self._cache) > _MOST_CACHED or sum(len(a.body) for a in self._cache.values()) > _MOST_CACHED_BYTES
            ):
                self._cache.popitem(last=False)


def _compute(route: str, question: Question, sources: Sources) -> Answer:
    body = documents.encode(_MAKERS[route](question, sources), indent=0)
    asked = getattr(question, "resource_ids", ())
    known: set[str] = {resource.resource_id for resource in sources.resources()} if asked else set()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Answer(body, etag, sum(1 for one in asked if one not in known))


def _performance(query: bytes, sources: Sources) -> PerformanceQuery:
    regions = sorted({r.region for r in sources.resources() if r.region})
    return performance_query(query, regions)


def _optimization(query: bytes, _: Sources) -> OptimizationQuery:
    names = ("timeRange", "resourceIds", "analyzeBottlenecks", "includeRecommendations")
    asked = Parameters(query, known=names, arrays=("resourceIds",))
    return OptimizationQuery.parse(
        time_range=asked.one("timeRange", "24h"),
        resource_ids=asked.many("resourceIds"),
        bottlenecks=asked.flag("analyzeBottlenecks", default=True),
        recommendations=asked.flag("includeRecommendations", default=True),
    )


def _anomalies(query: bytes, _: Sources) -> AnomaliesQuery:
    asked = Parameters(query, known=("timeRange", "granularity", "threshold"))
    time_range = asked.one("timeRange", "1h")
    return AnomaliesQuery.parse(
        time_range=time_range,
        granularity=asked.one("granularity", "5m" if time_range == "5m" else "15m"),
        threshold=asked.number("threshold"),
    )


def _capacity(query: bytes, _: Sources) -> CapacityQuery:
    asked = Parameters(query, known=("horizon", "demand", "add"), arrays=("add",))
    demand = asked.one("demand", "") if asked.given("demand") else None
    return CapacityQuery.parse(horizon=asked.one("horizon", "60d"), demand=demand, add=asked.many("add"))


ROUTES: Final = {
    "/v2/monitoring/performance": "performance",
    "/v2/monitoring/performance/optimization": "optimization",
    "/v2/monitoring/performance/anomalies": "anomalies",
    "/v2/monitoring/performance/capacity": "capacity",
}
_QUESTIONS: Final[dict[str, Callable[[bytes, Sources], Question]]] = {
    "performance": _performance,
    "optimization": _optimization,
    "anomalies": _anomalies,
    "capacity": _capacity,
}
_MAKERS: Final[dict[str, Callable[[Any, Sources], object]]] = {
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
