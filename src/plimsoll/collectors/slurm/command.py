"""Runs one command of Slurm: no shell, a deadline, a limit on what it may say; with it ends all that it started."""

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Any, Final

from plimsoll.errors import PlimsollError, shown

MOST_BYTES: Final = 64 << 20
_KEPT: Final = ("PATH", "HOME", "SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT", "SSH_AUTH_SOCK")
_PIECE: Final = 1 << 16
_ENVIRONMENT: Final = (("LC_ALL", "C"), ("TZ", "UTC"), ("SLURM_TIME_FORMAT", "%s"), ("SLURM_BITSTR_LEN", "0"))
"""Times in UTC, and lists of array tasks that are not cut off."""
_ANY_ZONE_S: Final = 26 * 3600.0


class SlurmError(PlimsollError):
    """A command that gave no answer; the text says which and why."""


def ask(command: Sequence[str], *, deadline_s: float, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """The JSON object that a command prints."""
    name = shown(command[0])
    try:
        answer: Any = json.loads(_output(command, name, deadline_s, most_bytes).decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise SlurmError(f"{name}: its answer is not JSON; does this Slurm know --json? ({shown(error)})") from None
    if not isinstance(answer, dict):
        raise SlurmError(f"{name}: says {type(answer).__name__}, not an object")
    return answer  # pyright: ignore[reportUnknownVariableType]


def asked_in_utc(command: Sequence[str], since_s: float, until_s: float) -> list[str]:
    """The words of sacct with its window; wherever they run, the times in them are understood in UTC.

    The environment does not travel through ssh: `env TZ=UTC` is put before the word that starts sacct. Where no word
    does (a wrapper of another name), the window is wide enough for every zone; what lies outside is left out later.

    >>> asked_in_utc(["ssh", "login", "sacct", "--json"], 0, 600)[2:7]
    ['env', 'LC_ALL=C', 'TZ=UTC', 'SLURM_TIME_FORMAT=%s', 'SLURM_BITSTR_LEN=0']
    >>> asked_in_utc(["sacct", "--json"], 0, 600)
    ['sacct', '--json', '--starttime', '1970-01-01T00:00:00', '--endtime', '1970-01-01T00:10:00']
    """
    words = list(command)
    place = next((n for n, word in enumerate(words) if word.split(" ")[0].rpartition("/")[2] == "sacct"), None)
    if place is None:
        since_s, until_s = since_s - _ANY_ZONE_S, until_s + _ANY_ZONE_S
    elif place > 0:
        words[place:place] = ["env", *(f"{name}={value}" for name, value in _ENVIRONMENT)]
    return [*words, "--starttime", _written(since_s), "--endtime", _written(until_s)]


def _written(at_s: float) -> str:
    return datetime.fromtimestamp(max(0.0, at_s), UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _output(command: Sequence[str], name: str, deadline_s: float, most_bytes: int) -> bytes:
    environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
    environment |= dict(_ENVIRONMENT)
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
