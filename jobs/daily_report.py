"""The morning's report."""

from plimsoll import Context, job, tasks


@job(schedule="daily 07:00", lane="reporting")
def daily_report(context: Context) -> None:
    """Says what the fleet did since the report before, publishes it as HTML and JSON, and hands it to the outbox."""
    tasks.deliver.publish_and_queue(context, "daily", tasks.report.daily(context))
