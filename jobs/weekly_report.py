"""The week's report."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.deliver import hand_over
from plimsoll.tasks.report import weekly


@job(schedule="mon 07:15", lane="reporting")
def weekly_report(context: Context) -> None:
    """Says what the fleet did since the report of the week before, publishes it, and hands it to the outbox."""
    hand_over(context, "weekly", weekly(context))
