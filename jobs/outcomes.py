"""What came of advice."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.track_outcomes import settle_promises


@job(schedule="daily 06:00")
def outcomes(context: Context) -> None:
    """Keeps what today's advice promises, and says of earlier advice whether it brought what was told."""
    settle_promises(context)
