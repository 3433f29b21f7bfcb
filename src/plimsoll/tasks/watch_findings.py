"""Looks at what takes longer than a glance at the readings: rules, and where they are routed incidents and forecasts.

What is open goes into the ledger; the job `alerts` tells people of it within a minute.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from plimsoll.delivery.notify import Notify, Route
from plimsoll.ledger import AlertRow, OpenAlertObservation
from plimsoll.ledger.alerts import AlertKind
from plimsoll.project.context import Context
from plimsoll.tasks.watch_alerts import observed

FORECASTS_EVERY: Final = timedelta(hours=6)
"""A forecast rests on the levels of whole days: it is not made each quarter of an hour."""


def watch(context: Context) -> list[AlertRow]:
    """Notes what is open as of the context's instant; gives what is new."""
    new = _noted(context, "rule", _rules(context))
    routes = _routes(context)
    if any("incident" in route.kinds for route in routes):
        new += _noted(context, "incident", _incidents(context))
    within = [route.forecast_within for route in routes if "forecast" in route.kinds]
    looked = context.ledger.alerts.looked("forecast")
    if within and (looked is None or context.as_of - looked >= FORECASTS_EVERY or looked > context.as_of):
        new += _noted(context, "forecast", _forecasts(context, timedelta(seconds=max(within))))
    return new


def _routes(context: Context) -> list[Route]:
    return list(context.config.under("routes", Route).values()) if context.config.under("notify", Notify) else []


def _noted(context: Context, kind: AlertKind, seen: Iterable[OpenAlertObservation]) -> list[AlertRow]:
    return context.ledger.alerts.observe(seen, context.as_of, kind=kind)[0]


def _rules(context: Context) -> list[OpenAlertObservation]:
    from plimsoll.queries.rule_alerts import found_now

    sources = context.sources()
    found = found_now(sources, sources.resources())
    return [observed(one) for one in found.open]


def _incidents(context: Context) -> list[OpenAlertObservation]:
    from plimsoll.queries.watched import open_incidents

    return open_incidents(context.sources())


def _forecasts(context: Context, within: timedelta) -> list[OpenAlertObservation]:
    from plimsoll.queries.watched import crossings_within

    return crossings_within(context.sources(), within)
