"""Whether the outbox owes anything: what the scheduler looks at before it starts a process for it."""

from plimsoll.project.context import Context
from plimsoll.tasks.dead_mans_switch import renewal_due


def owed_deliveries(context: Context) -> bool:
    """Whether a message is to be tried now or the dead man's switch is to be renewed. Writes nothing."""
    return context.ledger.outbox.owes(context.clock.now()) or renewal_due(context) is not None
