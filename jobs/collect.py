"""The sources, one reading each."""

from plimsoll import Context, job


@job(schedule="every collect.every", on_collectors=True)
def collect(context: Context) -> None:
    """Reads every source once and keeps what it says."""
    collecting = context.collecting()
    collecting.round(context.clock.now(), context.clock.monotonic())
    collecting.flush(context.lake)
