"""The outbox."""

from plimsoll import Context, PlimsollError, job, tasks


@job(schedule="cron * * * * *", lane="alerting", catch_up=False, owes=tasks.owed_deliveries.owed_deliveries)
def deliver(context: Context) -> None:
    """Sends what waits in the outbox, tries again what was not accepted, and renews the dead man's switch."""
    tasks.deliver.send_due(context)
    if failed := tasks.dead_mans_switch.renew(context):
        raise PlimsollError(f"the ping did not arrive: {failed}")
