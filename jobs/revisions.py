"""What came late."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.deliver import hand_over
from plimsoll.tasks.report import revised


@job(schedule="daily 09:15", lane="reporting", catch_up=False)
def revisions(context: Context) -> None:
    """Makes the last day's reports again where readings that came late changed them, as listed revisions."""
    for kind in ("daily", "weekly"):
        if made := revised(context, kind):
            hand_over(context, kind, made)
