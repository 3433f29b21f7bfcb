"""The lake's housekeeping."""

from plimsoll.job import Context, job


@job(schedule="after 30 collect.every", catch_up=False)
def compact(context: Context) -> None:
    """Merges what was appended into sorted day files."""
    context.lake.compact(now=context.clock.now())
