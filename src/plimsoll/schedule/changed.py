"""When a changed schedule begins: where the old one still owed windows, in time for one that covers them. Pure."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from plimsoll.config.engine import zone
from plimsoll.errors import PlimsollError
from plimsoll.ledger import JobProgress, Registered
from plimsoll.schedule.plan import Plan, Task
from plimsoll.schedule.schedules import Schedule, parse

_BEFORE = timedelta(milliseconds=1)


def begins(
    plan: Plan, before: Mapping[str, Registered], standings: Mapping[str, JobProgress], now: datetime
) -> dict[str, datetime]:
    """The instants after which windows of changed schedules are due, for the jobs for which that is not `now`.

    Windows that the old schedule owed when it was changed, during a pause for instance, are not made one by one: the
    newest window of the new schedule is due at once, and begins where the last settled one ended.
    """
    found: dict[str, datetime] = {}
    for task in plan.all_windowed():
        old = before.get(task.name)
        if old is None or not task.catch_up or (old.schedule, old.zone) == (task.text, plan.zone.key):
            continue
        standing = standings[task.name]
        after = max(old.since, standing.settled_until or old.since)
        if not standing.open and _owed(old, after, now) and (due := _newest(task, plan, after, now)) is not None:
            found[task.name] = due - _BEFORE
    return found


def _owed(old: Registered, after: datetime, now: datetime) -> bool:
    """Whether the old schedule had a window due; one that depends on a setting is not known any more."""
    try:
        schedule: Schedule = parse(old.schedule)
        return next(schedule.between(after, now, zone(old.zone)), None) is not None
    except PlimsollError:
        return False


def _newest(task: Task, plan: Plan, after: datetime, now: datetime) -> datetime | None:
    last = deque(task.schedule.between(after, now, plan.zone), maxlen=1)
    return last[0].due if last else None
