"""The report in the terminal: 92 columns, glyphs and words carry it; without color nothing is lost."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from plimsoll.publish.theme import COLORS
from plimsoll.publish.views.actions import Action
from plimsoll.publish.views.capacity_view import CapacityView
from plimsoll.publish.views.view import ReportView

_WIDTH = 92
_MOST_ALERTS = 3
_MOST_POOLS = 6


def show(view: ReportView | CapacityView, console: Console, *, paths: Sequence[str]) -> None:
    """Identity, verdict, tiles, the worst alerts, one line of provenance with the paths."""

    def line(text: str | Text) -> None:
        console.print(text, width=width, highlight=False, markup=False, emoji=False)

    width = min(_WIDTH, console.width)
    line(f"─⦵─ Plimsoll  {view.kind} · {view.fleet} · {view.window}")
    line("")
    verdict = Text(view.verdict.state, style=f"bold {COLORS[view.verdict.color][1]}")
    line(verdict.append(f" {view.verdict.facts}", style="bold not dim"))
    line(view.since)
    for notice in view.notices:
        line(notice)
    line("")
    for tile in view.tiles:
        line(f"  {tile.label:<20} {tile.value + tile.unit:>12}   {tile.delta}".rstrip())
    line("")
    for text in _fleet(view) if isinstance(view, ReportView) else _pools(view):
        line(text if len(text) <= width else f"{text[: width - 1]}…")
    line("; ".join(view.provenance[0].lines))
    for path in paths:
        console.print(path, soft_wrap=True, highlight=False, markup=False, emoji=False)


def _fleet(view: ReportView) -> list[str]:
    """What to do, at most three; then the alerts."""
    rows = [one for one in (view.actions.rows if view.actions else ()) if isinstance(one, Action)]
    shown = [f"  {one.glyph} {one.severity:<8} {one.title} ({one.improves})" for one in rows]
    more = view.actions.unshown if view.actions else 0
    rest = [f"  and {more:,} more in the report"] if shown and more else []
    return [*shown, *rest, *([""] if shown else []), *_alerts(view)]


def _alerts(view: ReportView) -> list[str]:
    shown = [
        f"  {alert.glyph} {alert.severity:<8} {alert.resource:<32} {alert.in_words}"
        for alert in view.alerts[:_MOST_ALERTS]
    ]
    more = len(view.alerts) - _MOST_ALERTS
    return [*shown, *([f"  and {more} more alerts in the report"] if more > 0 else []), *([""] if shown else [])]


def _pools(view: CapacityView) -> list[str]:
    shown = [f"  {pool.name:<26} {pool.days:>16}   {pool.sentence}" for pool in view.pools[:_MOST_POOLS]]
    more = len(view.pools) + len(view.calm) - _MOST_POOLS
    return [*shown, *([f"  and {more} more pools in the review"] if more > 0 else []), ""]
