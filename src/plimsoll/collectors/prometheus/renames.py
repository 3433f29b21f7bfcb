"""Families that are not there, and those that look like their new names."""

import re
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

_ALIKE: Final = 0.72
_MOST: Final = 3000
_WORDS: Final = re.compile(r"[A-Za-z]+|[0-9]+")


@lru_cache(maxsize=256)
def likely(missing: frozenset[str], unread: frozenset[str]) -> dict[str, str]:
    """Of the families that are missed, those that an unread one resembles, and which.

    >>> likely(frozenset({"DCGM_FI_DEV_GPU_TEMP"}), frozenset({"DCGM_FI_DEV_GPU_TEMPERATURE", "go_threads"}))
    {'DCGM_FI_DEV_GPU_TEMP': 'DCGM_FI_DEV_GPU_TEMPERATURE'}
    """
    found: dict[str, str] = {}
    names = {name: _words(name) for name in sorted(unread)[:_MOST]}
    for name in sorted(missing):
        words = _words(name)
        near = [
            (one, theirs) for one, theirs in names.items() if 2 * len(words & theirs) >= min(len(words), len(theirs))
        ]
        best = max(((_alike(name, one), one) for one, _ in near), default=(0.0, ""))
        if best[0] >= _ALIKE:
            found[name] = best[1]
    return found


@lru_cache(maxsize=256)
def replaced(missing: frozenset[str], unread: frozenset[str]) -> dict[str, str]:
    """Of the families that are missed, those that are there with words added or taken away: most likely the same.

    >>> replaced(frozenset({"x_error_requests"}), frozenset({"x_http_error_requests", "x_requests_seconds"}))
    {'x_error_requests': 'x_http_error_requests'}
    """
    names = {name: _words(name) for name in sorted(unread)[:_MOST]}
    found: dict[str, str] = {}
    for name in sorted(missing):
        words = _words(name)
        if len(words) > 2:
            near = [one for one, theirs in names.items() if words <= theirs and len(theirs - words) <= 2]
            found |= {name: near[0]} if near else {}
    return found


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORDS.findall(name))


def _alike(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one.lower(), other.lower())
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0
