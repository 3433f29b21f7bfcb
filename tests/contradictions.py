"""A checker of the sentences of a report: what each kind claims, held against the situation and against one another."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plimsoll.documents.situation import Situation, State

_STATES = {
    State.CALM: "All calm.",
    State.STEADY: "Steady.",
    State.WATCH: "Watch this week.",
    State.ATTENTION: "Needs attention today.",
    State.TROUBLE: "In trouble now.",
    State.CANNOT_TELL: "Cannot tell.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """The sentences of one report."""

    verdict: str
    second: str
    alerts: str
    unusual: str
    absent: Sequence[str]
    held: str = ""
    to_do: str = ""
    ticked: Sequence[str] = ()


def contradictions(now: Situation, told: Told) -> list[str]:
    """What is wrong in the sentences, one line each; empty where nothing is."""
    of_sections = [*_of_sections(now, told), *_of_ticks(now, told)]
    return [*_of_state(now, told), *_of_verdict(now, told), *_of_counts(now, told), *of_sections]


def _of_state(now: Situation, told: Told) -> Iterator[str]:
    state = next((one for one, text in _STATES.items() if told.verdict.startswith(text)), None)
    if state is not now.state:
        yield f"the verdict says {state}, the situation is {now.state}"
    calm = state is State.CALM
    if calm and (now.silent or now.unmeasured or now.lost or now.gaps):
        yield "calm, and somebody is not read"
    if calm and now.has_no_line:
        yield "calm, and nothing has a line"
    if calm and "Every resource stayed under" in told.verdict and (now.without_line or now.aged_out):
        yield "every resource stayed under its line, and some have none or are not seen any more"
    if calm and (now.open or now.muted or now.over_now or now.crossed):
        yield "calm, and a line is or was crossed"
    if calm and (now.incidents or now.advice or now.crossings or now.failed_jobs or not now.judged):
        yield "calm, and something was found or nothing was judged"


def _of_verdict(now: Situation, told: Told) -> Iterator[str]:
    if re.search(r"none (that can be forecast )?reaches it", told.verdict) and (now.crossings or now.ahead is None):
        yield "none reaches its line, and one does"
    if "100\u202f% of the readings" in told.verdict or re.search(r"\b100 % of the readings", told.verdict):
        yield "all readings arrived, and they did not"
    back = {one.name for one in now.came_back}
    for name in re.findall(r"(\S+) crossed a line and came back", told.verdict):
        if name != "resources" and name not in back:
            yield f"{name} came back, and did not"
    lined = {one.name for one in now.open if not one.what}
    for name in re.findall(r"(\S+) has been over its", told.verdict):
        if name in {one.name for one in now.open if one.what} - lined:
            yield f"{name} is over its line, and a rule found something else"
    named = {name for _, name in now.high if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", told.verdict)}
    counted = re.search(r"(\d+) more (?:has|have) something high", told.verdict)
    groups = re.search(r"[Nn]othing was read|\d+ of [\d,]+ resources? are|\d+ resources? |advice for \d+", told.verdict)
    missing = len(now.high) - len(named) - (int(counted[1]) if counted else 0)
    if now.state is not State.CALM and missing > 0 and not groups:
        yield f"{missing} names are high and neither named nor counted"


def _of_counts(now: Situation, told: Told) -> Iterator[str]:
    claims = {
        r"(\d+) new alerts?": now.opened,
        r"(\d+) resolved": now.closed,
        r"(\d+) crossed": len(now.crossed),
        r"(\d+) not read at the end": now.counts.not_read,
        r"(\d+) judged": now.judged,
    }
    for pattern, right in claims.items():
        found = re.search(pattern, told.second)
        if found and int(found[1]) != right:
            yield f"{found[0]}, and it is {right}"
    if now.counts.total != now.total:
        yield f"{now.counts.total} resources are counted, and there are {now.total}"
    judged = re.search(r"(\d+) judged[^;]*; (.+)\.", told.second)
    if judged and int(judged[1]) + sum(map(int, re.findall(r"(\d+) [a-z]", judged[2]))) != now.total:
        yield f"{judged[0]} are not all {now.total} resources"
    stayed = re.search(r"(\d+) of (\d+) resources? stayed under", told.second)
    others = {*now.crossed, *now.without_line, *(one.id for one in (*now.silent, *now.unmeasured))}
    if stayed and int(stayed[1]) + len(others) > int(stayed[2]):
        yield "more stayed under their lines than are left"


def _of_rules(now: Situation, told: Told) -> Iterator[str]:
    """Rules that had too few readings found nothing, which proves nothing."""
    rules = now.rules
    for one in (told.held, told.to_do):
        if rules is not None and not rules.judged and not one.startswith("Not judged"):
            yield f"{one} and no rule could judge"
        counted = re.search(r"(\d+) of (\d+) rules had enough", one)
        if rules is not None and rules.judged and not one.startswith("Not judged") and counted is None:
            yield f"{one} without how many rules could judge"
        if counted and rules and (int(counted[1]), int(counted[2])) != (rules.judged, rules.known):
            yield f"{counted[0]}, and it is {rules.judged} of {rules.known}"


def _of_ticks(now: Situation, told: Told) -> Iterator[str]:
    """Only what was judged whole is ticked off."""
    absent = now.silent or now.unmeasured or now.lost
    for one in told.ticked:
        if absent or not now.read:
            yield f"ticked off, and something is not read: {one}"
        if one in (told.held, told.to_do) and (now.rules is None or not now.rules.judged or now.rules.waiting):
            yield f"ticked off, and some rules could not judge: {one}"
        if one == told.alerts and (now.without_line or now.over_now or now.crossed):
            yield f"ticked off, and some have no line or crossed it: {one}"
        if one == told.unusual and now.judged < now.total - now.aged_out:
            yield f"ticked off, and some were not judged: {one}"


def _of_sections(now: Situation, told: Told) -> Iterator[str]:
    if told.alerts.startswith("No load line is crossed") and (now.open or now.over_now or now.muted or now.crossed):
        yield "no line is crossed, and one is"
    if told.unusual == "Nothing was unlike its own past." and (now.incidents or now.judged < now.total - now.aged_out):
        yield "nothing was unlike its past, and something was, or was not judged"
    yield from _of_rules(now, told)
    listed = " ".join(told.absent)
    for one in (*now.silent, *now.unmeasured):
        if f"{one.name}: " not in listed:
            yield f"{one.name} is not read, and not listed"
