"""The outbox."""

from plimsoll import dead_man, delivering
from plimsoll.errors import PlimsollError
from plimsoll.job import Context, job


@job(schedule="cron * * * * *", lane="reporting", catch_up=False)
def deliver(context: Context) -> None:
    """Sends what waits in the outbox, tries again what was not accepted, and renews the dead man's switch."""
    delivering.deliver(context)
    if failed := dead_man.renew(context):
        raise PlimsollError(f"the ping did not arrive: {failed}")
