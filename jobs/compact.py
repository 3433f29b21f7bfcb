"""The lake's housekeeping."""

from plimsoll import Context, job, tasks


@job(schedule="after 30 collect.every", catch_up=False)
def compact(context: Context) -> None:
    """Merges what was appended into sorted day files, and publishes the catalog that [lake] catalog asks for."""
    tasks.compact.compact(context)
