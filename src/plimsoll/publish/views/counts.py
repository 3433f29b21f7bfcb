"""How many resources are what, in words: the same word for the same count, wherever it is printed."""

from collections.abc import Sequence
from typing import Final

from plimsoll.documents.situation import Counts, Situation

TOO_NEW: Final = "too new to judge"
TOO_SELDOM: Final = "read too seldom for this window"
SILENT: Final = "silent"
NOT_DUE: Final = "not due any more"
NOT_SEEN: Final = "not seen any more"


def why_not_judged(situation: Situation) -> str:
    """Why some or all resources are not compared with their own past, in words; empty where all are.

    With those that are judged, the counts add up to all resources.
    """
    return unjudged(situation.counts)


def unjudged(counts: Counts) -> str:
    """The counts of those that are not judged, in words."""
    return in_words([(counts.too_new, TOO_NEW), (counts.too_seldom, TOO_SELDOM), *_not_read(counts)])


def not_read(situation: Situation) -> str:
    """Those that are not read at the end: `1 silent, 2 not due any more`; empty where all are read."""
    return in_words(_not_read(situation.counts))


def _not_read(counts: Counts) -> list[tuple[int, str]]:
    return [(counts.silent, SILENT), (counts.not_due, NOT_DUE), (counts.not_seen, NOT_SEEN)]


def in_words(parts: Sequence[tuple[int, str]]) -> str:
    """Counts with what they count, those of nothing left out.

    >>> in_words([(1, "silent"), (0, "too new to judge"), (2, "not due any more")])
    '1 silent, 2 not due any more'
    """
    return ", ".join(f"{count:,} {what}" for count, what in parts if count)
