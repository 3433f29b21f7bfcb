"""Proof that what was written is still there."""

from plimsoll import Context, job


@job(schedule="daily 05:00")
def scrub(context: Context) -> None:
    """Proves a seventh of the lake by its checksums, another one each day, and sets aside what is damaged."""
    context.lake.verify(now=context.clock.now(), repair=True, share=7)
