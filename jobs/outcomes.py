"""What came of advice."""

from plimsoll import Context, job, tasks


@job(schedule="daily 06:00")
def outcomes(context: Context) -> None:
    """Keeps what today's advice promises, and says of earlier advice whether it brought what it promised."""
    tasks.track_outcomes.settle_promises(context)
