"""The outbox."""

from plimsoll.errors import PlimsollError
from plimsoll.project.context import Context, job
from plimsoll.tasks import dead_mans_switch
from plimsoll.tasks.deliver import send_due


@job(schedule="cron * * * * *", lane="reporting", catch_up=False)
def deliver(context: Context) -> None:
    """Sends what waits in the outbox, tries again what was not accepted, and renews the dead man's switch."""
    send_due(context)
    if failed := dead_mans_switch.renew(context):
        raise PlimsollError(f"the ping did not arrive: {failed}")
