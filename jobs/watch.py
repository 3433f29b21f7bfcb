"""What rules find, and what is unlike the past or ahead."""

from plimsoll import Context, job, tasks


@job(schedule="cron */15 * * * *", catch_up=False)
def watch(context: Context) -> None:
    """Opens and closes the alerts of rules; incidents and forecasts too where [routes] sends them to people."""
    tasks.watch_findings.watch(context)
