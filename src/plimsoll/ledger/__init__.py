"""The ledger: what ran, for which window, and how it ended. Small, transactional, shared by many processes (SQLite)."""

from plimsoll.ledger.beats import Beat
from plimsoll.ledger.promises import Promises
from plimsoll.ledger.runs import Ended, Ledger, Run, Standing

__all__ = ["Beat", "Ended", "Ledger", "Promises", "Run", "Standing"]
