"""Who is over a line."""

from plimsoll import Context, job, tasks


@job(schedule="cron */5 * * * *", catch_up=False)
def alerts(context: Context) -> None:
    """Opens and closes alerts, and publishes them as alerts.ndjson."""
    tasks.watch_alerts.watch(context)
