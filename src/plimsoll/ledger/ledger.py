"""The ledger of a project: its runs, and the other books in the same file."""

from functools import cached_property
from pathlib import Path
from typing import Final

from plimsoll.ledger.advice import Verdicts
from plimsoll.ledger.alerts import Alerts
from plimsoll.ledger.forecasts_made import Promises
from plimsoll.ledger.notices import Notices
from plimsoll.ledger.outbox import Outbox
from plimsoll.ledger.outcomes import Outcomes
from plimsoll.ledger.runs import Runs

FILE: Final = "ledger.sqlite"
"""The ledger's file in a project's data folder; nothing else names it."""


class Ledger(Runs):
    """The runs of one project, and beside them its alerts, outbox, feedback, outcomes and forecasts.

    Opening it does nothing: the file is made by the first thing that is written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    @classmethod
    def of(cls, data: Path) -> "Ledger":
        """The ledger in a project's data folder."""
        return cls(data / FILE)

    @cached_property
    def alerts(self) -> Alerts:
        """When each alert opened and closed, and who wants to hear nothing of it for a while."""
        return Alerts(self.path)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages that wait, were sent, or failed."""
        return Outbox(self.path)

    @cached_property
    def notices(self) -> Notices:
        """Which alerts were reported, through which channel."""
        return Notices(self.path)

    @cached_property
    def verdicts(self) -> Verdicts:
        """What people said of recommendations."""
        return Verdicts(self.path)

    @cached_property
    def outcomes(self) -> Outcomes:
        """What recommendations promised, and what they brought."""
        return Outcomes(self.path)

    @cached_property
    def forecasts(self) -> Promises:
        """What capacity reviews forecast, to be compared with what happened."""
        return Promises(self.path)
