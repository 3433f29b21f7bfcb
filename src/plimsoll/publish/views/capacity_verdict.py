"""The review's verdict: the soonest day to decide, and what changed since the review before."""

from datetime import date, timedelta

from plimsoll.documents.capacity import CapacityDocument, Choice, Pool
from plimsoll.publish import formatting
from plimsoll.publish.views import outlook_text
from plimsoll.publish.views.verdict import Verdict

_URGENT_DAYS = 3


def urgency(pool: Pool) -> tuple[int, float, str]:
    """Sort key: what is to be decided first, then what has least room."""
    return (pool.decide_by.days if pool.decide_by else 10_000, pool.room.percent if pool.room else 1e6, pool.id)


def judge(document: CapacityDocument, today: date) -> Verdict:
    """The state is the soonest date to decide; one fact names the pool, one what holds the line."""
    pools = {pool.id: pool for pool in document.pools}
    decide = document.summary.decide_by
    if not document.pools and document.resources:
        return Verdict(
            "Cannot tell.", "ink3", "No resource says how large it is: no pool can be made from its readings."
        )
    if not document.summary.measured:
        return Verdict("Cannot tell.", "ink3", "No pool of GPUs, replicas, cores or storage has enough readings yet.")
    if decide is None:
        until = today + timedelta(days=document.horizon_days)
        facts = outlook_text.none_reaches(document.pools, "pool", "its load line", document.horizon_days)
        if not outlook_text.counted(document.pools)[0]:
            return Verdict("Nothing to decide yet.", "ink", facts)
        return Verdict(f"Nothing to decide before {until.day} {until:%B}.", "ok", facts)
    pool, day = pools[decide.pool], date.fromisoformat(decide.date)
    name = formatting.name(pool.name)
    facts = f"{_first(pool, name)}{_remedy(pool)}"
    if decide.late:
        facts = f"{name} had to be decided by {day.day} {day:%B}; it {_when(pool)}{_remedy(pool)}"
        return Verdict("Late:", "critical", facts, (name,))
    color = "critical" if decide.days <= _URGENT_DAYS else "medium"
    return Verdict(f"Decide by {formatting.long_day(day)}.", color, facts, (name,))


def since(document: CapacityDocument, previous: CapacityDocument | None) -> str:
    """What moved since the review one interval earlier."""
    counts = f"{formatting.plural(document.summary.pools, 'pool')}, {document.summary.measured} measured"
    if previous is None or not previous.summary.measured:
        return f"First review; nothing to compare with yet. {counts}."
    when = formatting.day(date.fromisoformat(previous.time_range.end[:10]))
    before = {pool.id: pool.now.percent for pool in previous.pools if pool.now}
    moved = [
        (pool.now.percent - before[pool.id], formatting.name(pool.name))
        for pool in document.pools
        if pool.now and pool.id in before
    ]
    largest = sorted(moved, key=lambda one: (-abs(one[0]), one[1]))[:2]
    named = "; ".join(
        f"{name} {'took' if change > 0 else 'gave back'} {formatting.number(abs(change))} points"
        for change, name in largest
        if abs(change) >= 1
    )
    return f"Since the review of {when}: {named or 'no pool moved by a point or more'}. {counts}."


def _first(pool: Pool, name: str) -> str:
    return f"{name} runs out of room first: it {_when(pool)}"


def _when(pool: Pool) -> str:
    crossing = pool.crossing
    if crossing is None or not crossing.middle_days or crossing.middle is None:
        return "is over its load line now"
    return f"reaches its load line in {crossing.words()}"


def _remedy(pool: Pool) -> str:
    """The recommended choice, and until when it holds."""
    chosen = next((choice for choice in pool.choices if choice.recommended and choice.action != "nothing"), None)
    if chosen is None:
        return "."
    return f"; to hold it: {formatting.visible(chosen.title[:1].lower() + chosen.title[1:])}, {_worth(chosen)}."


def _worth(choice: Choice) -> str:
    if choice.room_until is None:
        return "enough for the whole horizon"
    return f"enough until {formatting.day(date.fromisoformat(choice.room_until))}"
