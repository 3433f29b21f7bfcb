"""Runs one command of Slurm: no shell, a deadline, a limit on what it may say; with it ends all that it started."""

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import IO, Any, Final

from plimsoll.errors import PlimsollError, shown

MOST_BYTES: Final = 64 << 20
_KEPT: Final = ("PATH", "HOME", "SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT", "SSH_AUTH_SOCK")
_PIECE: Final = 1 << 16


class SlurmError(PlimsollError):
    """A command that gave no answer; the text says which and why."""


def ask(command: Sequence[str], *, deadline_s: float, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """The JSON object that a command prints."""
    name = shown(command[0])
    try:
        answer: Any = json.loads(_output(command, name, deadline_s, most_bytes).decode("utf-8", "replace"))
    except ValueError as error:
        raise SlurmError(f"{name}: what it says is no JSON; does this Slurm know --json? ({shown(error)})") from None
    if not isinstance(answer, dict):
        raise SlurmError(f"{name}: says {type(answer).__name__}, not an object")
    return answer  # pyright: ignore[reportUnknownVariableType]


def _output(command: Sequence[str], name: str, deadline_s: float, most_bytes: int) -> bytes:
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
    environment |= {"LC_ALL": "C", "TZ": "UTC", "SLURM_TIME_FORMAT": "%s"}
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise SlurmError(f"{name}: cannot be run ({error.strerror}); is Slurm installed here?") from None
    with process:
        try:
            said, complained = _read(process, name, deadline_s, most_bytes)
            code = process.wait(timeout=max(1.0, deadline_s))
        except (SlurmError, subprocess.TimeoutExpired):
            _end(process)
            raise
    if code:
        raise SlurmError(f"{name}: ended with {code}: {shown(complained.decode('utf-8', 'replace').strip())}")
    return said


def _read(process: subprocess.Popen[bytes], name: str, deadline_s: float, most_bytes: int) -> tuple[bytes, bytes]:
    """Both outputs, as they come; neither can fill up while the other is waited for."""
    until = time.monotonic() + deadline_s
    said, complained = bytearray(), bytearray()
    with selectors.DefaultSelector() as ready:
        for stream, kept in ((process.stdout, said), (process.stderr, complained)):
            assert stream is not None  # noqa: S101 - both were asked for
            ready.register(stream, selectors.EVENT_READ, kept)
        while ready.get_map():
            events = ready.select(max(0.0, until - time.monotonic()))
            if not events or time.monotonic() > until:
                raise SlurmError(f"{name}: gave no answer within {deadline_s:g} s and was ended")
            for key, _ in events:
                piece = os.read(_descriptor(key.fileobj), _PIECE)
                if not piece:
                    ready.unregister(key.fileobj)
                kept = key.data
                if len(kept) < most_bytes:
                    kept += piece
                elif kept is said:
                    raise SlurmError(f"{name}: said more than {most_bytes >> 20} MiB and was ended")
    return bytes(said), bytes(complained)


def _descriptor(stream: int | IO[bytes] | Any) -> int:  # noqa: ANN401 - what a selector was given
    return stream if isinstance(stream, int) else int(stream.fileno())


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
