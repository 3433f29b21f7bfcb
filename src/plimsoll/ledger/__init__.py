"""The ledger: what ran, for which window, and how it ended. Small, transactional, shared by many processes (SQLite)."""

from plimsoll.ledger.alerts import AlertRow, Alerts, OpenAlertObservation
from plimsoll.ledger.forecasts_made import Promises
from plimsoll.ledger.heartbeats import Beat
from plimsoll.ledger.ledger import Ledger
from plimsoll.ledger.runs import JobProgress, Run, RunResult
from plimsoll.ledger.schedules import Registered

__all__ = [
    "AlertRow",
    "Alerts",
    "Beat",
    "JobProgress",
    "Ledger",
    "OpenAlertObservation",
    "Promises",
    "Registered",
    "Run",
    "RunResult",
]
