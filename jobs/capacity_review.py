"""The capacity review."""

from plimsoll import Context, job, tasks


@job(schedule="mon 08:00", lane="reporting")
def capacity_review(context: Context) -> None:
    """Says which pools reach their load line, when to decide, and what can be done; publishes and delivers it."""
    tasks.deliver.publish_and_queue(context, "capacity", tasks.report.capacity(context))
