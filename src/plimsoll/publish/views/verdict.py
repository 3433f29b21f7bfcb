"""The verdict in words: one of six states, and at most two facts with a name, a number and a time.

The state is the situation's own; read from the bottom up, the first row that is true wins:

All calm.                nothing over its line, no alert open or opened, nothing silent or unmeasured at the end,
                         no high advice, no incident, no crossing ahead, no failed job, coverage at least 95 %
Steady.                  one of these, and nothing worse
Watch this week.         a medium alert is open, or a line will be crossed within 14 days
Needs attention today.   a high alert is open, or a line will be crossed within 3 days
In trouble now.          a critical alert is open, availability under 95 %, or a tenth of the fleet over its line
Cannot tell.             coverage under 80 %, a whole type silent, or nothing read in the window
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.documents.gpus import SIZED_FOR_PCT
from plimsoll.documents.situation import (
    AVAILABLE_PCT,
    ENOUGH_PCT,
    LEAST_PCT,
    Absent,
    Crossing,
    Lost,
    Open,
    Situation,
    State,
)
from plimsoll.publish import formatting
from plimsoll.publish.views.counts import NOT_SEEN, TOO_NEW, TOO_SELDOM, why_not_judged
from plimsoll.publish.views.just_over import just_over_fact

_STATES: Final[Mapping[State, tuple[str, str]]] = MappingProxyType(
    {
        State.CALM: ("All calm.", "ok"),
        State.STEADY: ("Steady.", "ink"),
        State.WATCH: ("Watch this week.", "medium"),
        State.ATTENTION: ("Needs attention today.", "critical"),
        State.TROUBLE: ("In trouble now.", "critical"),
        State.CANNOT_TELL: ("Cannot tell.", "ink3"),
    }
)
QUIET: Final = frozenset(_STATES[state][0] for state in (State.CALM, State.STEADY))
"""The verdicts that do not matter to a recipient who wants only what matters."""
MOST_FACTS: Final = 2
_NOUNS: Final = MappingProxyType({"training": "training job", "storage": "store", "ai-service": "AI service"})
_MOST_DEVICES: Final = 3
_SPARE_PCT: Final = 50.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """State, its color's token, and the sentence of facts."""

    state: str
    color: str
    facts: str
    names: tuple[str, ...] = ()

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The facts cut at resource names (True), which must never break."""
        found = [(self.facts, False)]
        for name in sorted(self.names, key=len, reverse=True):
            found = [piece for text, is_name in found for piece in _cut(text, name, is_name=is_name)]
        return [(text, is_name) for text, is_name in found if text]


def _cut(text: str, name: str, *, is_name: bool) -> list[tuple[str, bool]]:
    if not name:
        return [(text, is_name)]
    before, found, after = text.partition(name)
    return [(text, is_name)] if is_name or not found else [(before, False), (name, True), (after, False)]


@dataclass(frozen=True, slots=True)
class Fact:
    """Part of the sentence, and the ids of the resources that it names or counts."""

    text: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """The end of the window and the zone in which times are printed."""

    end: datetime
    zone: ZoneInfo

    def time(self, at: datetime) -> str:
        """A time of day, with the day where it is another one."""
        return formatting.clock_time(at, self.zone, day_of=self.end)

    def span(self, start: datetime, end: datetime) -> str:
        """From when to when."""
        return formatting.span(start, end, self.zone)


def judge(situation: Situation, moment: Moment) -> Verdict:
    """The verdict on a situation."""
    state, color = _STATES[situation.state]
    if situation.state is State.CALM:
        return Verdict(state, color, f"{_calm(situation)}{gpu_fact(situation)}")
    chosen = _chosen(list(facts_of(situation, moment))) or list(_rest(situation))
    if not situation.total:
        return Verdict(state, color, _no_resource(situation))
    names = tuple(_names(situation))
    text = ", and ".join(fact.text for fact in chosen)
    text = text if text.startswith(names) else formatting.sentence_case(text)
    named = {one for fact in chosen for one in fact.about}
    more = [one for one, _ in situation.high if one not in named]
    rest = f" {len(more)} more {'has' if len(more) == 1 else 'have'} something high." if more else ""
    facts = f"{text}.{rest}{gpu_fact(situation)}"
    return Verdict(state, color, facts, tuple(name for name in names if name in facts))


def _chosen(facts: Sequence[Fact]) -> list[Fact]:
    """The most harmful facts, but one resource does not take every place where another one has something."""
    if not facts or len(facts[0].about) != 1:
        return list(facts[:MOST_FACTS])
    others = [fact for fact in facts[1:] if fact.about and fact.about != facts[0].about]
    return [facts[0], *(others or facts[1:])[: MOST_FACTS - 1]]


def gpu_fact(situation: Situation) -> str:
    """How much of all GPUs was used, in a sentence; and what would have been enough, where there is much room."""
    gpus = situation.gpus
    if gpus is None:
        return ""
    busy = formatting.percent(gpus.busy_pct)
    whose = "Its" if situation.total == 1 else "The fleet's"
    if gpus.count == 1:
        return f" {whose} GPU was busy {busy} of the time."
    named = f" {whose} {gpus.count:,} GPUs were busy {busy} of the time"
    if gpus.busiest_pct > _SPARE_PCT or gpus.enough >= gpus.count:
        return f"{named}."
    size = f"{gpus.enough:,} would have carried that at {SIZED_FOR_PCT:g}{formatting.NARROW}%"
    return f"{named}, {formatting.percent(gpus.busiest_pct)} in the busiest hour: {size}."


def _names(situation: Situation) -> list[str]:
    absent = (*situation.silent, *situation.unmeasured, *situation.gaps)
    names = [one.name for one in absent] + [one.name for one in situation.lost]
    names += [one.name for one in situation.came_back] + [one.name for one in situation.open]
    names += [one.name for one in situation.incidents] + [one.name for one in situation.crossings]
    names += [one.name for one in situation.advice] + [one.name for one in situation.just_over]
    return sorted({formatting.name(name) for name in names})


def _no_resource(situation: Situation) -> str:
    return "No resource matched the filter." if situation.is_filtered else "No resource is known yet."


def _calm(situation: Situation) -> str:
    counts, without = situation.counts, len(situation.without_line)
    parts = [(counts.too_new, TOO_NEW), (counts.too_seldom, TOO_SELDOM), (counts.not_seen, NOT_SEEN)]
    rest = "".join(f" {n:,} of {situation.total:,} {'is' if n == 1 else 'are'} {what}." for n, what in parts if n)
    lined = situation.stayed_under
    if lined == situation.total:
        return f"Every resource stayed under its line{_ahead(situation)}.{rest}"
    stayed = f"{formatting.plural(lined, 'resource')} stayed under {'its line' if lined == 1 else 'their lines'}"
    none = f" {without:,} {'has' if without == 1 else 'have'} none." if without else ""
    return f"{stayed}{_ahead(situation)}.{none}{rest}"


def _ahead(situation: Situation) -> str:
    ahead = situation.ahead
    if ahead is None:
        return ""
    if not ahead.forecast:
        return "; there is too little history to look ahead yet"
    which = "none that can be forecast" if ahead.without else "none"
    return f", and {which} reaches it in the next {ahead.horizon_days} days"


def facts_of(situation: Situation, moment: Moment) -> Iterator[Fact]:
    """Everything worth a part of the sentence, what does most harm first."""
    yield from _unknown(situation, moment)
    if situation.is_widely_over:
        over = situation.over_line
        yield Fact(f"{len(over)} of {formatting.plural(situation.total, 'resource')} are over their line", tuple(over))
    available = situation.availability_pct
    if available is not None and available < AVAILABLE_PCT:
        yield Fact(f"only {formatting.number(available)}{formatting.NARROW}% was available")
    yield from _pressing(situation, moment)
    yield from _past(situation, moment)
    yield from _found(situation, moment)
    coverage = situation.coverage_pct
    if coverage is not None and LEAST_PCT <= coverage < ENOUGH_PCT:
        yield Fact(f"only {formatting.number(coverage)}{formatting.NARROW}% of the readings that were due arrived")
    yield from _not_judged(situation)


def _unknown(situation: Situation, moment: Moment) -> Iterator[Fact]:
    if situation.knows_nothing:
        yield Fact("nothing was read in this window", tuple(one.id for one in situation.silent))
    elif situation.coverage_pct is not None and situation.coverage_pct < LEAST_PCT:
        share = formatting.number(situation.coverage_pct)
        yield Fact(f"only {share}{formatting.NARROW}% of the readings that were due arrived")
    for kind in situation.silent_types[:1]:
        members = [one for one in situation.silent if one.type == kind]
        since = _since(members or situation.silent, moment)
        yield Fact(f"every {_NOUNS.get(kind, kind)} is silent{since}", tuple(one.id for one in members))


def _since(silent: Sequence[Absent], moment: Moment) -> str:
    known = [one.since for one in silent if one.since is not None and not one.never]
    return f" since {moment.time(max(known))}" if known else ""


def _pressing(situation: Situation, moment: Moment) -> Iterator[Fact]:
    """Open alerts and what crosses soon; a high alert comes before a forecast, a medium one after it."""
    alerts = list(_alerts(situation, moment))
    found = {one.resource for one in situation.open if one.what}
    soon = [Fact(crossing(one), (one.id,)) for one in situation.crossings if one.id not in found]
    urgent = bool(situation.open) and situation.open[0].severity in ("critical", "high")
    yield from [*alerts[:1], *soon[:1], *alerts[1:]] if urgent or not soon else [*soon[:1], *alerts]
    listed = {one.resource for one in situation.open if one.is_silence}
    short = [one for one in situation.silent if one.id not in listed]
    if short:
        yield Fact(absent(short, situation), tuple(one.id for one in short))
    if situation.unmeasured:
        yield Fact(unmeasured(situation.unmeasured), tuple(one.id for one in situation.unmeasured))
    if situation.lost:
        yield _lost(situation, moment)


def _alerts(situation: Situation, moment: Moment) -> Iterator[Fact]:
    """One for each open alert; all silences are one."""
    silent = {one.resource for one in situation.open if one.is_silence}
    named = False
    for one in situation.open:
        if not one.is_silence:
            yield Fact(over(one, moment), (one.resource,))
        elif not named:
            named = True
            some = [a for a in situation.silent if a.id in silent]
            yield Fact(absent(some, situation) if some else over(one, moment), tuple(sorted(silent)))


def over(one: Open, moment: Moment) -> str:
    """One open alert in words."""
    length = formatting.duration(moment.end - one.since)
    if one.what:
        return f"{formatting.name(one.name)}: {formatting.visible(one.what)}"
    if one.is_silence:
        return f"{formatting.name(one.name)} was silent for {length} until a moment ago"
    return f"{formatting.name(one.name)} has been over its {formatting.label(one.metric)} line for {length}"


def absent(some: Sequence[Absent], situation: Situation) -> str:
    """Silent resources in words, the longest silence first."""
    longest = some[0]
    name = formatting.name(longest.name)
    if len(some) > 1:
        count = f"{len(some):,} of {formatting.plural(situation.total, 'resource')} are silent"
        how_long = "was never read" if longest.never else f"for {formatting.duration(longest.length)}"
        return f"{count}, {name} {how_long}"
    if longest.never:
        return f"{name} was never read"
    return f"{name} has been silent for {formatting.duration(longest.length)}"


def unmeasured(some: Sequence[Absent]) -> str:
    """Resources of which nothing more is promised, in words."""
    name, length = formatting.name(some[0].name), formatting.duration(some[0].length)
    if len(some) == 1:
        return f"{name} has had no reading for {length}, and none is due"
    count = formatting.plural(len(some), "resource")
    return f"{count} had no reading at the end, and none is due ({name} for {length})"


def _lost(situation: Situation, moment: Moment) -> Fact:
    first = situation.lost[0]
    about = tuple(dict.fromkeys(one.id for one in situation.lost))
    if len(about) == 1:
        name = formatting.name(first.name)
        return Fact(f"{name} has given {what_is_lost(first)} since {moment.time(first.since)}", about)
    what = "GPUs that they used to report" if all(one.devices for one in situation.lost) else "what they used to report"
    return Fact(f"{formatting.plural(len(about), 'resource')} lost {what}", about)


def what_is_lost(lost: Lost) -> str:
    """`no CPU utilization`, `no reading of gpu4, gpu5, gpu6 and 1 more`."""
    if not lost.devices:
        return f"no {formatting.label(lost.metric)}"
    more = f" and {len(lost.devices) - _MOST_DEVICES} more" if len(lost.devices) > _MOST_DEVICES else ""
    return f"no reading of {', '.join(map(formatting.name, lost.devices[:_MOST_DEVICES]))}{more}"


def crossing(one: Crossing) -> str:
    """One crossing ahead in words."""
    if one.days == 0:
        return f"{formatting.name(one.name)} is over its {formatting.label(one.metric)} line by its usual level"
    days = one.when or formatting.plural(one.days, "day")
    return f"{formatting.name(one.name)} reaches its {formatting.label(one.metric)} line in {days}"


def _past(situation: Situation, moment: Moment) -> Iterator[Fact]:
    back = situation.came_back
    if len(back) == 1:
        when = f" at {moment.time(back[0].at)}" if back[0].at else ""
        yield Fact(f"{formatting.name(back[0].name)} crossed a line and came back{when}", (back[0].id,))
    elif back:
        yield Fact(
            f"{formatting.plural(len(back), 'resource')} crossed a line and came back", tuple(o.id for o in back)
        )
    if situation.gaps:
        longest, about = situation.gaps[0], tuple(one.id for one in situation.gaps)
        if len(about) == 1:
            yield Fact(
                f"{formatting.name(longest.name)} was without readings for {formatting.duration(longest.length)}", about
            )
        else:
            some = f"{formatting.plural(len(about), 'resource')} were without readings for a while"
            yield Fact(f"{some}, {formatting.name(longest.name)} for {formatting.duration(longest.length)}", about)
    named = {one.resource for one in situation.open} | {one.id for one in back}
    briefly = [one for one in situation.over_now if one not in named | set(situation.muted)]
    if briefly:
        yield Fact(just_over_fact(situation, moment.end, briefly), tuple(briefly))
    if situation.muted:
        yield Fact(f"{formatting.plural(len(situation.muted), 'resource')} with a muted alert", tuple(situation.muted))


def _found(situation: Situation, moment: Moment) -> Iterator[Fact]:
    if situation.incidents:
        yield _incidents(situation)
    if situation.advice:
        about = tuple(dict.fromkeys(one.resource for one in situation.advice))
        if len(about) == 1:
            yield Fact(f"there is urgent advice for {formatting.name(situation.advice[0].name)}", about)
        else:
            yield Fact(f"there is urgent advice for {formatting.plural(len(about), 'resource')}", about)
    if situation.failed_jobs:
        yield Fact(f"{formatting.plural(len(situation.failed_jobs), 'run')} of jobs failed")
    for one in situation.uncovered:
        yield Fact(f"no report covers {moment.span(one.start, one.end)}")
    if situation.failed_sections:
        yield Fact(f"{formatting.plural(len(situation.failed_sections), 'section')} could not be made")


def _incidents(situation: Situation) -> Fact:
    """How many incidents on how many resources; one of them by its likely cause."""
    first, causes = situation.incidents[0], {one.id for one in situation.incidents}
    about = tuple(dict.fromkeys(name for one in situation.incidents for name in (one.id, *one.resources)))
    if len(situation.incidents) == 1 and len(about) > 1:
        others = f"{len(about) - 1:,} more"
        return Fact(f"{formatting.name(first.name)} and {others} did something unlike the past at once", about)
    if len(about) > len(causes):
        count = formatting.plural(len(situation.incidents), "incident")
        return Fact(f"{count} on {formatting.plural(len(about), 'resource')} were unlike the past", about)
    who = formatting.plural(len(about), "resource") if len(about) > 1 else formatting.name(first.name)
    return Fact(f"{who} did something unlike the past", about)


def _not_judged(situation: Situation) -> Iterator[Fact]:
    why = why_not_judged(situation)
    if situation.judged == 0 and why:
        yield Fact(f"nothing is compared with its own past: {why}")
    if situation.has_no_line:
        yield Fact("nothing that is read has a load line")


def _rest(situation: Situation) -> Iterator[Fact]:
    """Where nothing else is said: the second line's counts, so that no verdict is without a fact."""
    if situation.closed or situation.opened:
        yield Fact(f"{formatting.plural(situation.opened, 'alert')} opened and {situation.closed} closed")
    left = [one for one in situation.crossed if one not in {back.id for back in situation.came_back}]
    if left:
        yield Fact(f"{formatting.plural(len(left), 'resource')} crossed a line", tuple(left))
