"""What an exporter or a Prometheus server has: asked once, before anything is configured. Nothing is written."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import quote, urlencode, urlsplit

from plimsoll.clock import duration_s
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError, client, fetch
from plimsoll.collectors.prometheus.mapping import builtin, load, stem
from plimsoll.errors import BadParameter, shown

_LEAST_FAMILIES: Final = 2
_STEP_S: Final = 30.0
_YOUNG_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Recognized:
    """Which mapping reads an exporter's families: `read` of all its `families`; `mapping` is empty where none does."""

    mapping: str
    read: int
    families: int


@dataclass(frozen=True, slots=True)
class ScrapeJob:
    """A job of a Prometheus server: the addresses that answer it, those that do not, and how often it is scraped.

    `first_s` is about when its history of the last three weeks begins (seconds since the epoch); None: not known.
    """

    name: str
    recognized: Recognized
    first_s: float | None = None
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    step_s: float = _STEP_S


@dataclass(slots=True)
class _Scraped:
    up: list[str] = field(default_factory=list[str])
    down: list[str] = field(default_factory=list[str])
    step_s: float = _STEP_S

    def sorted_parts(self) -> tuple[tuple[str, ...], tuple[str, ...], float]:
        """(up, down, step), each address once."""
        return tuple(sorted(set(self.up))), tuple(sorted(set(self.down))), self.step_s


def recognized(names: Iterable[str]) -> Recognized:
    """The built-in mapping that reads most of these families; at least two of them, that are its exporter's own.

    >>> recognized(["node_load1", "node_cpu_seconds_total", "node_memory_MemTotal_bytes", "go_goroutines"]).mapping
    'node'
    """
    families = {stem(name) for name in names}
    best = Recognized("", 0, len(families))
    for name in builtin():
        table = load(name)
        own = {one for one in families if one.startswith(table.prefixes) and table.wanted(one)}
        if len(own) >= max(_LEAST_FAMILIES, best.read + 1):
            best = Recognized(name, len(own), len(families))
    return best


def metrics_address(url: str) -> str:
    """The address of the exposition: an exporter is named by its host and port, too.

    >>> metrics_address("http://gpu-01:9100"), metrics_address("http://llm:8000/v2/metrics")
    ('http://gpu-01:9100/metrics', 'http://llm:8000/v2/metrics')
    """
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/metrics"


def exporter(url: str, credentials: Mapping[str, Any]) -> Recognized:
    """What one exporter says; raises BadParameter where it cannot be asked, or answers with something else."""
    try:
        with client() as using:
            answer = fetch(using, url, dict(credentials))
        found = parse(answer.text, answer.content_type, lambda _: False)
    except FetchError as error:
        raise BadParameter("--target", url, why=f"cannot be read: {error}; nothing was made") from error
    return recognized(found.unread)


def server(url: str, credentials: Mapping[str, Any]) -> list[ScrapeJob]:
    """The jobs of a Prometheus server, by name; of one that names no targets (Thanos, Mimir) those of its series."""
    base = url.rstrip("/")
    with client() as using:

        def ask(path: str, **parameters: str) -> Any:  # noqa: ANN401 - JSON
            try:
                body = json.loads(fetch(using, f"{base}/api/v1/{path}?{urlencode(parameters)}", dict(credentials)).text)
                return cast("dict[str, Any]", body)["data"]
            except FetchError as error:
                raise BadParameter("--prometheus", url, why=f"cannot be asked: {error}; nothing was made") from error
            except (ValueError, KeyError, TypeError):
                why = "does not answer as a Prometheus server does; name its root, such as http://prometheus:9090"
                raise BadParameter("--prometheus", url, why=why) from None

        names: list[str] = ask("label/job/values")
        scraped: dict[str, _Scraped] = {}
        with suppress(BadParameter, KeyError, TypeError):  # what only answers questions has no targets
            scraped = _by_job(ask("targets", state="active")["activeTargets"])
        return [
            ScrapeJob(
                shown(name),
                recognized(ask("label/__name__/values", **{"match[]": _of_job(name)})),
                _first_s(ask, name),
                *scraped.get(name, _Scraped()).sorted_parts(),
            )
            for name in sorted({*names, *scraped})
        ]


def _of_job(name: str) -> str:
    return f"{{job={json.dumps(name, ensure_ascii=False)}}}"


def _by_job(active: Iterable[Mapping[str, Any]]) -> dict[str, _Scraped]:
    found: dict[str, _Scraped] = {}
    for one in active:
        job = found.setdefault(str(one["labels"]["job"]), _Scraped())
        (job.up if one.get("health") == "up" else job.down).append(str(one["scrapeUrl"]))
        with suppress(BadParameter):
            job.step_s = duration_s(str(one.get("scrapeInterval", "30s")))
    return found


def _first_s(ask: Callable[..., Any], name: str) -> float | None:
    """An empty answer is a job that is younger than the steps of the question."""
    query = f"min(min_over_time(timestamp(up{_of_job(name)})[21d:5m]))"
    try:
        found = ask("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else time.time() - _YOUNG_S
    except (BadParameter, KeyError, TypeError, ValueError, IndexError):
        return None


def section_name(job: str) -> str:
    """A job's name as a section has it.

    >>> section_name("kubernetes-pods/llm 1")
    'kubernetes-pods-llm-1'
    """
    return "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in job) or quote(job)
