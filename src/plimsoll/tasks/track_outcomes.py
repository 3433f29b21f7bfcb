"""Keeps what advice promised, and settles it once something has changed."""

from plimsoll.ledger.outcomes import Settled
from plimsoll.project.context import Context


def settle_promises(context: Context) -> list[Settled]:
    """Notes the promises of today's advice, then says of the open ones what can be said."""
    from plimsoll.queries.optimization import OptimizationQuery, optimization
    from plimsoll.queries.outcomes import promises_of, settle

    ledger, sources = context.ledger.outcomes, context.sources()
    settled = settle(sources, ledger.open())
    for one in settled:
        ledger.settle(one)
    document, evidence = optimization(sources, OptimizationQuery())
    ledger.keep(promises_of(document, evidence, context.as_of))
    return settled
