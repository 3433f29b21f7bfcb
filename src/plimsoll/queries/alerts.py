"""The load lines that are crossed now."""

from datetime import timedelta

from plimsoll.analysis.performance import alerts as analysis
from plimsoll.analysis.performance.alerts import OpenAlert
from plimsoll.analysis.performance.readings import KEYS, by_block
from plimsoll.config.engine import Documents
from plimsoll.queries.context import Sources
from plimsoll.queries.performance import alert_state
from plimsoll.tables import SAMPLES


def open_alerts(sources: Sources) -> list[OpenAlert]:
    """Every open alert of the fleet, also those of which nobody is to be told, worst first."""
    lines = sources.lines()
    resources = sources.resources()
    lookback = timedelta(seconds=sources.settings("documents", Documents).alert_lookback)
    samples = sources.snapshot.scan(
        SAMPLES,
        start=sources.as_of - lookback,
        end=sources.as_of + timedelta(milliseconds=1),
        columns=dict.fromkeys((*KEYS, *(line.metric for line in lines.values()))),
    )
    state = alert_state(sources)
    return analysis.worst_first(
        opened
        for block, readings in by_block(samples, resources, until=sources.as_of)
        for opened in analysis.open_alerts(readings, block, lines, as_of=sources.as_of, state=state)
    )
