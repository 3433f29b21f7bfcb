"""One item on a worker: the function by its name, its share of the threads, and a failure as a value.

A name travels instead of the function, so that the threads are set before the function's module imports Polars, and so
that nothing but names and plain parameters is sent to other machines.
"""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from plimsoll.execution.contract import Failed, Work

THREADS: Final = "POLARS_MAX_THREADS"


def name_of(fn: Work) -> str:
    """Where any process finds the function.

    >>> name_of(call)
    'plimsoll.execution.task:call'
    """
    if "<" in fn.__qualname__:
        raise ValueError(f"{fn.__qualname__}: is not a function of a module; other processes cannot find it")
    return f"{fn.__module__}:{fn.__qualname__}"


def call(name: str, uri: str, params: Mapping[str, Any], threads: int) -> bytes | Failed:
    """What the named function gives; `threads` hold where this process has not loaded Polars yet."""
    os.environ.setdefault(THREADS, str(threads))
    try:
        module, _, attribute = name.partition(":")
        fn: Work = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        return Failed(f"{name} is not on this worker, which needs the same plimsoll: {error}")
    return attempt(fn, uri, params)


def attempt(fn: Work, uri: str, params: Mapping[str, Any]) -> bytes | Failed:
    """What the function gives, or why it gave nothing; a panic of Polars is not an Exception, yet ends no worker."""
    try:
        return fn(uri, params)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it raised is this item's result
        return Failed.of(error)
