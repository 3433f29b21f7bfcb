"""Who is over a line."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.watch_alerts import watch


@job(schedule="cron */5 * * * *", catch_up=False)
def alerts(context: Context) -> None:
    """Opens and closes alerts, and publishes them as alerts.ndjson."""
    watch(context)
