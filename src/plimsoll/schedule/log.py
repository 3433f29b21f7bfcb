"""What the scheduler says: one line an event, `key=value` for people or JSON for programs, without secrets.

Secrets are cut out by value, wherever they stand; control characters are shown, never sent.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Final, TextIO

import structlog

Log = structlog.typing.FilteringBoundLogger
VERBOSE: Final = "PLIMSOLL_VERBOSE"
"""Set in the environment where every event is to be shown, also by the processes that are started."""
JSON: Final = "PLIMSOLL_JSON_LOGS"
"""Set in the environment where each line is one JSON object."""
_EVENTS: Final = logging.getLogger("plimsoll")
_HIDDEN = "***"
_TELLING = re.compile(r"password|passwd|secret|token|authorization|api_?key", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class _Shown(logging.Handler):
    """Prints the events of the rooms (`plimsoll.events`) as the scheduler's own."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One line: what was done, in which room, with its fields."""
        fields: Mapping[str, object] = getattr(record, "fields", {})
        self.log.info(record.getMessage(), room=record.name.removeprefix("plimsoll."), **fields)


def show_events(log: Log) -> None:
    """From now on every event of this process is a line of that log, and of no other."""
    _EVENTS.handlers[:] = [_Shown(log)]
    _EVENTS.setLevel(logging.INFO)
    _EVENTS.propagate = False


def logger(*, json: bool = False, secrets: Iterable[str] = (), out: TextIO | None = None) -> Log:
    """A logger of its own: events of `up`, `tick` and their workers; with `--verbose` also those of every room."""
    json = json or bool(os.environ.get(JSON))
    render = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    log: Log = structlog.wrap_logger(
        structlog.PrintLogger(out or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redaction(secrets),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    if os.environ.get(VERBOSE):
        show_events(log)
    return log


def redaction(
    secrets: Iterable[str],
) -> Callable[[object, str, MutableMapping[str, object]], MutableMapping[str, object]]:
    """A processor that hides the given values in any text, the values of telling keys, and user names in addresses."""
    known = sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in known:
            text = text.replace(secret, _HIDDEN)
        text = _CREDENTIALS.sub(f"{_HIDDEN}@", text)
        return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)

    def redact(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
        for key, value in event.items():
            if _TELLING.search(key):
                event[key] = _HIDDEN
            elif not isinstance(value, bool | int | float | None):
                event[key] = clean(str(value))
        return event

    return redact
