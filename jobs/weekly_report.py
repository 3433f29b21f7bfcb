"""The week's report."""

from plimsoll import Context, job, tasks


@job(schedule="mon 07:15", lane="reporting")
def weekly_report(context: Context) -> None:
    """Says what the fleet did since the report of the week before, publishes it, and hands it to the outbox."""
    tasks.deliver.publish_and_queue(context, "weekly", tasks.report.weekly(context))
