"""Who is over a line."""

from plimsoll.alerting import watch
from plimsoll.job import Context, job


@job(schedule="cron */5 * * * *", catch_up=False)
def alerts(context: Context) -> None:
    """Opens and closes alerts, and publishes them as alerts.ndjson."""
    watch(context)
