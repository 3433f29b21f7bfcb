"""The load lines that are crossed now, and the resources that are silent."""

from datetime import timedelta

from plimsoll.analysis.performance import alerts as analysis
from plimsoll.analysis.performance.alerts import OpenAlert
from plimsoll.analysis.performance.driver_error_alerts import driver_error_alerts
from plimsoll.analysis.performance.presence import REGULAR, Reach, presences
from plimsoll.analysis.performance.readings import KEYS, by_block, read_at
from plimsoll.analysis.performance.silences import silence_alerts
from plimsoll.clock import Window
from plimsoll.config.engine import Documents
from plimsoll.fleet.presence import Silence
from plimsoll.fleet.xid_codes import METRIC as XID
from plimsoll.lake import hours
from plimsoll.queries.alert_state import alert_state
from plimsoll.queries.context import QueryContext
from plimsoll.queries.performance import last_read


def open_alerts(sources: QueryContext) -> list[OpenAlert]:
    """Every open alert of the fleet, also muted ones, worst first."""
    lines, resources, as_of = sources.lines(), sources.resources(), sources.as_of
    since = as_of - timedelta(seconds=sources.settings("documents", Documents).alert_lookback)
    samples = hours.readings(
        sources.snapshot,
        start=since,
        end=as_of + timedelta(milliseconds=1),
        columns=dict.fromkeys((*KEYS, *REGULAR, XID, *(line.metric for line in lines.values()))),
    )
    state, silence = alert_state(sources), sources.settings("silence", Silence)
    reach = Reach(Window(since, as_of, 1), as_of, since, silence, lambda ids: last_read(sources, ids, before=since))
    found: list[OpenAlert] = []
    for block, readings in by_block(samples, resources, until=as_of):
        seen = presences(block, read_at(samples, readings, block, until=as_of), readings, reach)
        silent = {one.resource_id for one in seen if one.silent}
        found += analysis.open_alerts(readings, block, lines, as_of=as_of, state=state, silent=silent).open
        found += silence_alerts(block, seen, silence, as_of=as_of, state=state).open
        found += driver_error_alerts(samples, block, as_of=as_of, state=state).open
    return analysis.worst_first(found)
