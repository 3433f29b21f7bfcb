"""The report in the terminal: 92 columns, glyphs and words carry it; without colour nothing is lost."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from plimsoll.publish.tokens import COLOURS
from plimsoll.publish.view import ReportView

_WIDTH = 92
_MOST_ALERTS = 3


def show(view: ReportView, console: Console, *, paths: Sequence[str]) -> None:
    """Identity, verdict, tiles, the worst alerts, one line of provenance with the paths."""

    def line(text: str | Text) -> None:
        console.print(text, width=min(_WIDTH, console.width), highlight=False, markup=False, emoji=False)

    line(f"─⦵─ Plimsoll  {view.kind} · {view.fleet} · {view.window}")
    line("")
    verdict = Text(view.verdict.state, style=f"bold {COLOURS[view.verdict.colour][1]}")
    line(verdict.append(f" {view.verdict.facts}", style="bold not dim"))
    line(view.since)
    if view.banner:
        line(view.banner)
    line("")
    for tile in view.tiles:
        line(f"  {tile.label:<14} {tile.value + tile.unit:>12}   {tile.delta}".rstrip())
    line("")
    for alert in view.alerts[:_MOST_ALERTS]:
        line(
            f"  {alert.glyph} {alert.severity:<8} {alert.resource:<32} {alert.metric} {alert.value}, line {alert.line}"
        )
    if len(view.alerts) > _MOST_ALERTS:
        line(f"  and {len(view.alerts) - _MOST_ALERTS} more alerts in the report")
    if view.alerts:
        line("")
    line("; ".join(view.provenance[0].lines))
    for path in paths:
        console.print(path, soft_wrap=True, highlight=False, markup=False, emoji=False)
