"""What the program did, and how long it took: one event each, on the standard logger `plimsoll.ROOM`.

Nothing is printed unless it is asked for: `--verbose` shows every event on standard error (`schedule/log.py`). A field
is a count, a name or a duration, never what was read, written or sent.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from time import perf_counter


def event(room: str, what: str, **fields: object) -> None:
    """Notes one thing that was done: what, and its fields."""
    logging.getLogger(f"plimsoll.{room}").info(what, extra={"fields": fields})


@contextmanager
def timed(room: str, what: str, **fields: object) -> Generator[dict[str, object]]:
    """Notes what is done inside, with its seconds, and where it fails the type of the error.

    What is put into the dictionary while it is done stands in the event, too.
    """
    began = perf_counter()
    try:
        yield fields
    except BaseException as error:
        event(room, f"{what}: failed", **fields, error=type(error).__name__, seconds=round(perf_counter() - began, 3))
        raise
    event(room, what, **fields, seconds=round(perf_counter() - began, 3))
