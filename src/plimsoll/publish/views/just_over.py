"""Lines that are crossed, and not for long enough to open an alert, in words."""

from collections.abc import Sequence
from datetime import datetime

from plimsoll.documents.situation import JustOver, Situation
from plimsoll.publish import formatting


def just_over_fact(situation: Situation, end: datetime, ids: Sequence[str]) -> str:
    """`h0 is over 90 % (CPU utilization) for 1 min; an alert opens after 15 min`; of several, how many."""
    known = [one for one in situation.just_over if one.id in ids]
    if len(ids) == 1 and known:
        return f"{formatting.name(known[0].name)} is {just_over(known[0], end)}"
    return f"{formatting.plural(len(ids), 'resource')} went over a line just now"


def just_over(one: JustOver, end: datetime) -> str:
    """Over which line, for how long, and after how long an alert opens."""
    line, length = formatting.amount(one.line, one.metric), end - one.since
    lasted = f"for {formatting.duration(length)}" if length.total_seconds() >= 1 else "since this reading"
    later = f"an alert opens after {formatting.duration(one.lasting)}"
    return f"{one.side} {line} ({formatting.label(one.metric)}) {lasted}; {later}"
