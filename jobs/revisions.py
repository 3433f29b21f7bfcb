"""What came late."""

from plimsoll import Context, job, tasks


@job(schedule="daily 09:15", lane="reporting", catch_up=False)
def revisions(context: Context) -> None:
    """Makes the last day's reports again where readings that came late changed them, as listed revisions."""
    for kind in ("daily", "weekly"):
        if made := tasks.report.revised(context, kind):
            tasks.deliver.publish_and_queue(context, kind, made)
