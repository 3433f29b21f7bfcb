"""The outbox."""

from plimsoll import delivering
from plimsoll.job import Context, job


@job(schedule="cron * * * * *", lane="reporting", catch_up=False)
def deliver(context: Context) -> None:
    """Sends what waits in the outbox; what is not accepted is tried again."""
    delivering.deliver(context)
