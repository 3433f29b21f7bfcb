"""Segments of other hosts: the one thing that this service takes. A token of scope ship:HOST, a bounded body, a check.

The check decodes what a stranger has sent, so it is made in a process with a deadline and a memory limit.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from plimsoll.api.refusals import Busy, error_body
from plimsoll.api.tokens import Token
from plimsoll.api.workers import Ended, Workers
from plimsoll.config.engine import Serve
from plimsoll.errors import ConfigError, DiskError, LakeError, PlimsollError, TemporaryError, UsageError
from plimsoll.fleet.presence import Silence
from plimsoll.lake import SpoolingLake
from plimsoll.lake.format.files import Files
from plimsoll.lake.format.manifest import check_format
from plimsoll.lake.shared.ingest import MOST_BYTES, NotAllowedForToken, ingest_segment
from plimsoll.lake.shared.names import FOLDER, Names
from plimsoll.project import Project, builtin_root

AT_ONCE: Final = 4
OF_ONE: Final = 2
BODY_S: Final = 20.0
MOST_MEMORY: Final = 1024**3
"""Bytes of memory of the process that checks; the rows of a segment take an eighth of it at most."""
_TRIES: Final = 2
"""So often may one segment end the process that checks it, or keep it beyond its deadline; then it is the segment."""
_MOST_REMEMBERED: Final = 1_000


class Arrived(msgspec.Struct, frozen=True):
    """One segment on its way to the process that checks and keeps it."""

    table: str
    name: str
    data: bytes
    host: str
    resource_ids: tuple[str, ...]
    at: datetime


@dataclass(slots=True)
class Taking:
    """The route. `AT_ONCE` bodies are in memory at a time, `OF_ONE` of one token: the next is asked to come again."""

    workers: Workers
    now: Callable[[], datetime]
    _in_progress: Counter[str] = field(default_factory=Counter[str])
    _failed: Counter[str] = field(default_factory=Counter[str])

    async def known(self, request: Request) -> Response:
        """Whether a token may ship: what `plimsoll doctor` asks on a collecting host."""
        token = _shipper(request)
        return _unknown() if token is None else JSONResponse({"host": token.ships})

    async def take(self, request: Request) -> Response:
        """201: kept for good, 200: was kept before; anything else: nothing was kept."""
        token = _shipper(request)
        if token is None:
            return _unknown()
        if (refused := self._beforehand(request, token)) is not None:
            return refused
        self._in_progress[token.name] += 1
        try:
            body = await asyncio.wait_for(_body(request), BODY_S)
            if body is None:
                return _refused(400, "cut_off", "the body is not as long as its Content-Length says; send it again")
            table, name = request.path_params["table"], request.path_params["name"]
            arrived = Arrived(table, name, body, token.ships or "", token.only("resource"), self.now())
            answer = await self._asked(arrived)
        except TimeoutError:
            return _refused(408, "too_slow", f"the segment did not arrive within {BODY_S:g} s")
        finally:
            self._in_progress[token.name] -= 1
        return answer

    async def _asked(self, arrived: Arrived) -> Response:
        """What the process says; a segment that ends it again and again is refused for good, and decoded no more."""
        key, question = f"{arrived.host}/{arrived.table}/{arrived.name}", msgspec.msgpack.encode(arrived)
        while self._failed[key] < _TRIES:
            try:
                answer = await self.workers.asked(question)
            except Ended:
                self._failed[key] += 1
            except Busy as error:  # beyond its deadline: the host asks again, once
                self._failed[key] += 1
                if self._failed[key] < _TRIES:
                    return _refused(503, "busy", str(error))
            else:
                del self._failed[key]
                return Response(answer[3:], status_code=int(answer[:3]), media_type="application/json")
        while len(self._failed) > _MOST_REMEMBERED:
            del self._failed[next(iter(self._failed))]
        return _refused(422, "rows_refused", "its rows take more time or memory than those of a segment may")

    def _beforehand(self, request: Request, token: Token) -> Response | None:
        """What can be refused before a byte of the body is read."""
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or len(length) > 12:
            return _refused(411, "length_required", "a segment needs a Content-Length")
        if int(length) > MOST_BYTES:
            return _refused(413, "too_large", f"a segment has at most {MOST_BYTES} bytes; ship more often")
        if self._in_progress.total() >= AT_ONCE or self._in_progress[token.name] >= OF_ONE:
            return _refused(503, "busy", "other segments are just being taken; try again")
        return None


def taking(root: str) -> Callable[[bytes], bytes]:
    """What the process does: three digits of status, then JSON."""
    project = Project(Path(root), builtin_root())
    lake, names = project.lake, _names(project)
    if not isinstance(lake, SpoolingLake):
        check_format(Files(), lake.root)

    def answer(question: bytes) -> bytes:
        arrived = msgspec.msgpack.decode(question, type=Arrived)
        try:
            new = ingest_segment(
                lake,
                arrived.table,
                arrived.name,
                arrived.data,
                host=arrived.host,
                resource_ids=arrived.resource_ids,
                now=arrived.at,
                names=names,
            )
        except PlimsollError as error:
            status, code = _status(error)
            return f"{status}".encode() + json.dumps(error_body(code, str(error))).encode()
        return (b"201" if new else b"200") + json.dumps({"kept": arrived.name}).encode()

    return answer


def taking_alone(root: str) -> Callable[[bytes], bytes]:
    """The same in a process of its own, in which native decoders are silent.

    What they say of torn bytes is pages of stacks: strangers could fill the log with them. The refusal says it in a
    line of ours, and what Python has to say still reaches the log.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return taking(root)


def _names(project: Project) -> Names:
    """How much a host may name; a config that has just been broken refuses no readings; the defaults apply."""
    serve, silence = Serve.model_validate({}), Silence.model_validate({})
    with suppress(ConfigError):
        config = project.config()
        serve, silence = config.get("serve", Serve), config.get("silence", Silence)
    return Names(project.data / FOLDER, serve.names_per_host, timedelta(seconds=silence.unseen), Files())


def _status(error: PlimsollError) -> tuple[int, str]:
    kinds: list[tuple[type[PlimsollError], int, str]] = [
        (NotAllowedForToken, 403, "not_yours"),
        (UsageError, 400, "bad_segment"),
        (LakeError, 422, "rows_refused"),
        (DiskError, 507, "no_room"),
        (TemporaryError, 503, "unavailable"),
    ]
    return next(((status, code) for kind, status, code in kinds if isinstance(error, kind)), (503, "unavailable"))


_WHO: Final = "shipping needs a token of scope ship:HOST; make one: plimsoll token new NAME --scope ship:HOST"


def _shipper(request: Request) -> Token | None:
    token: Token | None = request.scope.get("plimsoll.token")
    return token if token is not None and token.ships else None


async def _body(request: Request) -> bytes | None:
    """The body, never more of it than its Content-Length."""
    length = int(request.headers["content-length"])
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > length:
            return None
        parts.append(part)
    return b"".join(parts) if size == length else None


def _unknown() -> JSONResponse:
    """Shipping needs a token, also where the service lets everybody read."""
    response = _refused(401, "not_a_collector", _WHO)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refused(status: int, code: str, message: str) -> JSONResponse:
    response = JSONResponse(error_body(code, message), status_code=status)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
