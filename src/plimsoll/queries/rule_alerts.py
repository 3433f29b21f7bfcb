"""The alerts that rules open: from the ledger where the job `watch` has just looked, else worked out from readings."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule
from plimsoll.analysis.performance import rule_alerts as analysis
from plimsoll.analysis.performance.alerts import AlertEvent, Alerts, OpenAlert
from plimsoll.clock import floor
from plimsoll.execution import Execution
from plimsoll.fleet.resources import Resource
from plimsoll.fleet.rule_alerts import RuleAlert
from plimsoll.lake import quarters
from plimsoll.ledger import AlertRow
from plimsoll.queries.alert_state import alert_of, alert_state
from plimsoll.queries.context import QueryContext
from plimsoll.queries.grids import fleet_grid
from plimsoll.queries.levels import levels, of_resource
from plimsoll.queries.rule_set import project_rules

HISTORY: Final = timedelta(days=14)
"""How far back the rules look: far enough to see that a volume is emptied each week."""
WINDOW: Final = timedelta(days=1)
LOOKED_LATELY: Final = timedelta(hours=1)


def rule_alerts(sources: QueryContext, resources: Sequence[Resource], *, since: datetime) -> Alerts:
    """Those that are open at the instant; of a look that is not older than an hour, also those closed after `since`."""
    alerts = sources.alerts
    at = alerts.looked("rule") if alerts else None
    if alerts is None or at is None or not sources.as_of - LOOKED_LATELY <= at <= sources.as_of:
        return found_now(sources, resources)
    state, by_id = alert_state(sources), {one.resource_id: one for one in resources}
    rows = [row for row in alerts.since(since) if row.kind == "rule" and row.resource in by_id]

    def quiet(row: AlertRow) -> str | None:
        return state.quiet.why(row.id, by_id[row.resource], sources.as_of)

    is_open = {row.id: row.closed is None or row.closed > sources.as_of for row in rows}
    found = [
        OpenAlert(alert_of(row), row.line, 0, row.last_seen, quiet(row), what=row.what)
        for row in rows
        if is_open[row.id]
    ]
    closed = [
        AlertEvent(alert_of(row), row.opened, row.closed, is_open=False, quiet=quiet(row), what=row.what)
        for row in rows
        if not is_open[row.id]
    ]
    return Alerts(found, [*(analysis.event_of(one) for one in found), *closed])


def found_now(sources: QueryContext, resources: Sequence[Resource]) -> Alerts:
    """What the rules find as of the last full quarter of an hour."""
    settings = sources.config.under("rule_alerts", RuleAlert)
    known = project_rules(sources) if settings else {}
    concerned = [one for one in resources if any(setting.concerns(one) for setting in settings.values())]
    rules = {name: known[name] for name in settings}
    return analysis.rule_alerts(
        _windows(sources, concerned, rules), rules, settings, as_of=sources.as_of, state=alert_state(sources)
    )


def _windows(
    sources: QueryContext, resources: Sequence[Resource], rules: Mapping[str, AnyRule]
) -> Iterator[ResourceWindow]:
    """The resources with what the rules read, in quarters of an hour, a block at a time."""
    end, size = floor(sources.as_of, quarters.STEP_S), sources.settings("execution", Execution).block_size
    whole = sorted({metric for rule in rules.values() for metric in rule.reads} | {analysis.ALLOCATED})
    compared = sorted({metric for rule in rules.values() for metric in rule.compares_devices})
    now = levels(sources)
    for n in range(0, len(resources), size):
        block = resources[n : n + size]
        grid = fleet_grid(
            sources.snapshot,
            [one.resource_id for one in block],
            start=end - HISTORY,
            end=end,
            step_s=quarters.STEP_S,
            known={"": whole, "device": compared},
            compared=compared,
        )
        rows: dict[str, list[int]] = {}
        for index, series in enumerate(grid.series):
            rows.setdefault(series.resource_id, []).append(index)
        for resource in block:
            climbs, last = of_resource(now, resource.resource_id)
            of = [(grid.series[i], grid.doubles(slice(i, i + 1))[0]) for i in rows.get(resource.resource_id, ())]
            yield ResourceWindow(
                resource,
                {one.metric: row for one, row in of if not one.device},
                round(WINDOW.total_seconds() / quarters.STEP_S),
                quarters.STEP_S,
                None,
                {(one.device, one.metric): row for one, row in of if one.device},
                end=end,
                climbs=climbs,
                last=last,
            )
