"""Who is over a line."""

from plimsoll import Context, job, tasks


@job(schedule="cron * * * * *", lane="alerting", catch_up=False)
def alerts(context: Context) -> None:
    """Opens and closes alerts, queues messages for [notify], and publishes alerts.ndjson."""
    tasks.watch_alerts.watch(context)
