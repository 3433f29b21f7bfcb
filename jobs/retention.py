"""What need not be kept any longer."""

from plimsoll import Context, job, tasks


@job(schedule="daily 05:30", catch_up=False)
def retention(context: Context) -> None:
    """Rolls finished days up, then drops what is older than the config asks to keep."""
    tasks.retention.drop_old(context)
