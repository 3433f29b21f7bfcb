"""Driver errors (XID): what each code asks for; a machine is drained for its cards, never for a program's mistake."""

from plimsoll.analysis.advice import commands
from plimsoll.analysis.advice.model import Advice, Adviser
from plimsoll.analysis.advice.replay import Priority
from plimsoll.analysis.bottlenecks.driver_errors import CodeSeen, codes_seen
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck
from plimsoll.documents import Severity

_PRIORITIES: dict[Severity, Priority] = {"critical": "high", "high": "high", "medium": "medium", "low": "low"}


def advise(window: ResourceWindow, bottleneck: Bottleneck) -> Advice | None:
    """The worst code decides the title and whether anything is drained; each code says what is to be done about it."""
    seen = codes_seen(window)
    if not seen:
        return None
    drains = [one for one in seen if one.known.drain]
    todo = dict.fromkeys(f"XID {one.code}: {one.known.todo}" for one in seen[:3] if not one.known.follows)
    return Advice(
        priority=_PRIORITIES[seen[0].severity],
        title=_title(window, seen[0]),
        description=f"{bottleneck.description}. {' '.join(todo)} If nothing is done: {bottleneck.impact}.",
        changes=commands.drain(window.resource, f"XID {drains[0].code}") if drains else {},
    )


def _title(window: ResourceWindow, worst: CodeSeen) -> str:
    name = window.resource.name
    cards = " and ".join(worst.devices[:3]) or "the GPU"
    if worst.known.fault == "application" and worst.severity == "low":
        return f"Look at the job that ran on {cards} of {name} (XID {worst.code})"
    if worst.known.drain:
        return f"Take {cards} of {name} out of work (XID {worst.code}: {worst.known.what})"
    return f"Look at {cards} of {name} (XID {worst.code}: {worst.known.what})"


ADVISER = Adviser(name="answer_driver_errors", answers=frozenset({"gpu_driver_errors"}), advise=advise)
