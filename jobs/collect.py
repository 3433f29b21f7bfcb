"""The sources, one reading each."""

from plimsoll.collecting import Collecting
from plimsoll.job import Context, job


@job(schedule="every 30s")
def collect(context: Context) -> None:
    """Reads every source once and keeps what it says."""
    collecting = Collecting(context.config)
    try:
        collecting.round(context.clock.now(), context.clock.monotonic())
        collecting.flush(context.lake)
    finally:
        collecting.close()
