"""What need not be kept any longer."""

from plimsoll.project.context import Context, job
from plimsoll.tasks.retention import rules


@job(schedule="daily 05:30", catch_up=False)
def retention(context: Context) -> None:
    """Rolls finished days up, then drops what is older than the config asks to keep."""
    now = context.clock.now()
    context.lake.roll_up(now=now)
    kept = rules(context.config)
    context.lake.retire(kept, context.lake.old(kept, now=now).drops, now=now)
