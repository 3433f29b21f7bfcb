"""The lake's housekeeping."""

from plimsoll import Context, job, tasks


@job(schedule="after 30 collect.every", catch_up=False)
def compact(context: Context) -> None:
    """Merges what was appended into day files, keeps quarters of finished days, publishes [lake] catalog."""
    tasks.compact.compact(context)
