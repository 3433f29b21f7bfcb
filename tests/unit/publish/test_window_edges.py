"""What happens at the very edge of a window is counted in one report, and in one alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from plimsoll.publish.views.report_input import Event
from plimsoll.publish.views.situation import situation_of
from plimsoll.publish.views.view import no_alert_sentence
from tests.reports import fleet_report
from tests.situations import situation


@pytest.mark.parametrize("minutes", [-1, 0, 1])
def test_an_alert_at_the_edge_is_opened_and_closed_once(minutes: int) -> None:
    """A minute before the end, at it, a minute after it: of two consecutive reports one counts it.

    A reading at the very end is the next window's, and so is what it opens or closes.
    """
    first = fleet_report()
    at, day = first.end + timedelta(minutes=minutes), timedelta(days=1)
    alert = first.document.alerts[0]
    events = [Event(alert, at, None, is_open=True), Event(alert, at - 9 * day, at, is_open=False)]
    second = replace(first, start=first.end, previous_end=first.end, end=first.end + day)
    counts = [situation_of(replace(one, events=events)) for one in (first, second)]
    once = [1, 0] if minutes < 0 else [0, 1]
    assert ([one.opened for one in counts], [one.closed for one in counts]) == (once, once)


def test_a_muted_alert_is_not_denied() -> None:
    """A line that is over for hours under maintenance is not "crossed, not for long enough"."""
    said = no_alert_sentence(situation(muted=["a", "b"], over_now=["a", "b", "c"], crossed=["a"]))
    assert said == "No alert is open but muted ones, of 2 resources."
