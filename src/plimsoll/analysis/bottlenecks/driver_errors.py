"""Driver errors (XID) of a window: events, each a single reading; their codes are counted and never averaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from plimsoll.analysis.bottlenecks.expressions.measures import quoted
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.robust import Floats
from plimsoll.clock import rfc3339
from plimsoll.documents import Severity
from plimsoll.fleet.xid_codes import METRIC, SEVERITIES, DriverError, XidCode, by_card, worst_of, xid

_A_CODE = 0.001


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """A code in the window: every one of its errors, the oldest first."""

    code: int
    errors: Sequence[DriverError]

    @property
    def known(self) -> XidCode:
        """What the table says of it."""
        return xid(self.code)

    @property
    def devices(self) -> list[str]:
        """The cards on which it came, in order; empty where that is not known."""
        return sorted({one.device for one in self.errors if one.device})

    @property
    def severity(self) -> Severity:
        """How bad: the worst card decides."""
        counts = [sum(one.device == device for one in self.errors) for device in {one.device for one in self.errors}]
        return worst_of([self.known.severity_of(times) for times in counts])

    def words(self, end: datetime | None) -> str:
        """Code, meaning, how often, where and when."""
        count = len(self.errors)
        often = "once" if count == 1 else f"{count} times"
        where = f" on {' and '.join(self.devices[:4])}" if self.devices else ""
        more = f" and {len(self.devices) - 4} more" if len(self.devices) > 4 else ""
        when = ""
        if end is not None:
            at = end - timedelta(seconds=self.errors[-1].back_s)
            when = f" {'at' if count == 1 else 'last at'} {at:%d %b %H:%M} UTC"
        return f"XID {self.code} ({self.known.what}) {often}{where}{more}{when}"


def codes_seen(window: ResourceWindow) -> list[CodeSeen]:
    """Every code of the window, the worst first; one that only follows another is left out where it is alone."""
    found: dict[int, list[DriverError]] = {}
    for one in sorted(errors_of(window), key=lambda one: -one.back_s):
        if one.back_s <= window.window_rows * window.step_s:
            found.setdefault(one.code, []).append(one)
    if all(xid(code).follows for code in found):
        return []
    codes = [CodeSeen(code, errors) for code, errors in found.items()]
    return sorted(codes, key=lambda one: (-SEVERITIES.index(one.severity), -len(one.errors), one.code))


def errors_of(window: ResourceWindow) -> Sequence[DriverError]:
    """The errors of the whole history: as they were read, or where only steps are known, those steps that hold a code.

    A card's own reading stands for the resource's, which only names one of them.
    """
    if window.driver_errors is not None:
        return window.driver_errors
    rows = {device: row for (device, metric), row in sorted(window.devices.items()) if metric == METRIC}
    if METRIC in window.readings:
        rows[""] = window.readings[METRIC]
    return by_card([one for device, row in rows.items() for one in _in_steps(window, device, row)])


def _in_steps(window: ResourceWindow, device: str, row: Floats) -> list[DriverError]:
    """A step that holds the mean of two codes holds no code."""
    at = np.flatnonzero(np.abs(row - np.round(row)) < _A_CODE)
    return [DriverError((len(row) - int(n)) * window.step_s, device, round(float(row[n]))) for n in at if row[n] >= 1]


@dataclass(frozen=True, slots=True)
class WorstCode:
    """The worst code of the window, the first of them."""

    def value(self, window: ResourceWindow) -> float:
        """The code; NaN where there is none."""
        seen = codes_seen(window)
        return float(seen[0].code) if seen else float("nan")

    def sql(self, window: ResourceWindow, end: datetime) -> str:
        """The codes of the window ranked as the rule ranked them: it selects, and calculates nothing."""
        start = end - timedelta(seconds=window.window_rows * window.step_s)
        ranked = " ".join(f"WHEN {one.code} THEN {n}" for n, one in enumerate(codes_seen(window)))
        order = f"CASE gpu_xid_code {ranked} END" if ranked else "gpu_xid_code"
        return (
            f"SELECT gpu_xid_code::DOUBLE AS observed FROM samples "  # noqa: S608 - quoted id, whole numbers
            f"WHERE resource_id = {quoted(window.resource.resource_id)} AND gpu_xid_code >= 1 "
            f"AND ts >= TIMESTAMPTZ '{rfc3339(start)}' AND ts < TIMESTAMPTZ '{rfc3339(end)}' "
            f"ORDER BY {order} NULLS LAST, ts LIMIT 1"
        )
