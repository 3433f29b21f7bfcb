"""The ledger: what ran, for which window, and how it ended. Small, transactional, shared by many processes (SQLite)."""

from plimsoll.ledger.alerts import AlertRow, Alerts, Seen
from plimsoll.ledger.forecasts_made import Promises
from plimsoll.ledger.heartbeats import Beat
from plimsoll.ledger.runs import Ledger, Run, RunResult, Standing

__all__ = ["AlertRow", "Alerts", "Beat", "Ledger", "Promises", "Run", "RunResult", "Seen", "Standing"]
