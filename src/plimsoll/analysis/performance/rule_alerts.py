"""What rules find as alerts: a leak and a filling volume by the time that is left, idle GPUs, a straggler.

A load line asks how high a reading is; these ask where it is going, or how it compares with its equals. A finding is
open as long as its rule finds it. While the metric is not read, what is open stays open.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import AnyRule, Bottleneck
from plimsoll.analysis.performance.alerts import AlertEvent, Alerts, AlertState, Known, OpenAlert
from plimsoll.analysis.performance.resources import rounded
from plimsoll.clock import instant, rfc3339
from plimsoll.documents import Alert
from plimsoll.documents.time_left import words
from plimsoll.fleet.rule_alerts import RuleAlert
from plimsoll.metrics import CATALOGUE, document_name

PREFIX: Final = "rules."
"""Before the name of a rule where the name of a line is asked for."""
ALLOCATED: Final = "gpus_allocated_count"
_UNREAD_H: Final = 1.0
_GONE_H: Final = 7 * 24.0


def rule_alerts(
    windows: Iterable[ResourceWindow],
    rules: Mapping[str, AnyRule],
    settings: Mapping[str, RuleAlert],
    *,
    as_of: datetime,
    state: AlertState,
) -> Alerts:
    """The alerts of these rules that are open at `as_of`; `windows` end there or shortly before."""
    found: list[OpenAlert] = []
    for window in windows:
        for name, setting in settings.items():
            if not setting.concerns(window.resource):
                continue
            known = state.known.get((window.resource.resource_id, PREFIX + name))
            opened = _opened(window, rules[name], setting, known, as_of)
            if opened is not None:
                quiet = state.quiet.why(opened.alert.alert_id, window.resource, as_of)
                found.append(_with_quiet(opened, quiet))
    return Alerts(found, [event_of(one) for one in found])


def event_of(opened: OpenAlert) -> AlertEvent:
    """An open rule alert as an event."""
    since = instant(opened.alert.timestamp)
    return AlertEvent(opened.alert, since, None, is_open=True, quiet=opened.quiet, what=opened.what)


def _with_quiet(opened: OpenAlert, quiet: str | None) -> OpenAlert:
    return OpenAlert(opened.alert, opened.line, opened.samples, opened.last, quiet, what=opened.what)


def _opened(
    window: ResourceWindow, rule: AnyRule, setting: RuleAlert, known: Known | None, as_of: datetime
) -> OpenAlert | None:
    line, end = PREFIX + rule.name, window.end or as_of
    if known is not None and known.alert is not None and not _is_read(window, rule, _UNREAD_H):
        kept = OpenAlert(known.alert, line, 0, known.last_seen, what=known.what)
        return kept if _is_read(window, rule, _GONE_H) else None
    found = rule.evaluate(window)
    if found is None or (known is None and not _is_news(window, found, setting)):
        return None
    since = known.opened if known is not None else end - timedelta(hours=found.hours or 0.0)
    identity = f"{window.resource.resource_id}\0{line}\0{rfc3339(since)}".encode()
    alert = Alert(
        alert_id=known.id if known is not None else f"perf-{hashlib.sha256(identity).hexdigest()[:12]}",
        severity=setting.severity_with(found.time_left.until_full.hours if found.time_left else None),
        metric=document_name(found.metric),
        threshold=rounded(found.threshold),
        current_value=rounded(found.observed),
        resource=window.resource.resource_id,
        timestamp=rfc3339(since),
    )
    return OpenAlert(alert, line, found.samples, end, what=what(found))


def _is_read(window: ResourceWindow, rule: AnyRule, hours: float) -> bool:
    """Whether anything that the rule reads was read in the last hours."""
    steps = max(1, round(hours * window.rows_per_hour))
    own = [row for name, row in window.readings.items() if name in rule.reads]
    own += [row for (_, name), row in window.devices.items() if name in rule.compares_devices]
    return any(bool(np.isfinite(row[-steps:]).any()) for row in own)


def _is_news(window: ResourceWindow, found: Bottleneck, setting: RuleAlert) -> bool:
    """Whether a finding is news: free GPUs, and GPUs that never work, are not."""
    if not setting.unlike_past:
        return True
    allocated = window.whole(ALLOCATED)
    if allocated is not None and np.isfinite(allocated).any():
        return bool(allocated[np.isfinite(allocated)][-1] > 0)
    past = window.past(found.metric)
    if past is None:
        return False
    usual = float(np.nanmedian(past))
    return usual > found.threshold if found.observed <= found.threshold else usual < found.threshold


def what(found: Bottleneck) -> str:
    """A finding in a few words that follow the resource's name and a colon."""
    left = found.time_left
    if left is None:
        return found.description
    label = CATALOGUE[found.metric].label
    if left.until_full.hours <= 0:
        return f"{label} is used up"
    return f"{label} reaches {left.full_pct:g} % in {words(left.until_full.hours)} at this pace"
