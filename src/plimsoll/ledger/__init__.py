"""The ledger: what ran, for which window, and how it ended. Small, transactional, shared by many processes (SQLite)."""

from plimsoll.ledger.runs import Ledger, Run

__all__ = ["Ledger", "Run"]
