"""The capacity review."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.deliver import hand_over
from plimsoll.tasks.report import capacity


@job(schedule="mon 08:00", lane="reporting")
def capacity_review(context: Context) -> None:
    """Says which pools reach their load line, when to decide, and what can be done; publishes and delivers it."""
    hand_over(context, "capacity", capacity(context))
