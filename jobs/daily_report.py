"""The morning's report."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.deliver import hand_over
from plimsoll.tasks.report import daily


@job(schedule="daily 07:00", lane="reporting")
def daily_report(context: Context) -> None:
    """Says what the fleet did since the report before, publishes it as HTML and JSON, and hands it to the outbox."""
    hand_over(context, "daily", daily(context))
