"""`plimsoll explain ID`: what one alert, finding, bottleneck, recommendation or resource rests on."""

import json as text_of
import textwrap
from typing import Annotated, Any, Final, cast

import typer
from rich.console import Console

from plimsoll.cli.common import JsonOption, ProjectOption, open_project, print_json
from plimsoll.errors import BadParameter, LakeError, shown
from plimsoll.project import Project

_WIDTH: Final = 100
_NARROWEST: Final = 40
_PASTED: Final = ("change ", "sql ", " " * 11)


def register(app: typer.Typer) -> None:
    """Adds the commands of this file."""
    app.command()(explain)


def explain(
    subject: Annotated[str, typer.Argument(metavar="ID", help="An id, as reports, feeds and documents print it.")],
    project: ProjectOption = None,
    json: JsonOption = False,
) -> None:
    """Prints the evidence of one alert, finding, bottleneck or recommendation of the last published report.

    Of a resource it prints what every rule said of it: utilization, saturation and errors of each component.
    """
    found = published_evidence(open_project(project), subject)
    if json:
        print_json(found)
        return
    console = Console(markup=False, highlight=False, emoji=False)
    window = found["window"]
    lines = [
        f"{found['subject']}  by {found['rule']}",
        f"window     {window['start']} to {window['end']}, by {window['granularity']}",
        f"observed   {_number(found['observed'])} {found['unit']}",
        f"threshold  {_number(found['threshold'])}",
        f"samples    {found['samples']}",
        *(
            line
            for name, value in found["detail"].items()
            if name != "kind" and value not in (None, [], {})
            for line in _lines(name, value)
        ),
    ]
    for line in lines:
        for part in folded(_harmless(line), console.width if console.is_terminal else _WIDTH):
            console.print(part, soft_wrap=True)


def published_evidence(project: Project, subject: str) -> dict[str, Any]:
    """The evidence of an id in the last published report; an unknown id is refused."""
    path = project.data / "published" / "latest" / "evidence.json"
    try:
        listed: list[dict[str, Any]] = text_of.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise LakeError("no report has been published yet; make one: plimsoll report daily") from error
    by_id = {one["subject"]: one for one in listed}
    if subject not in by_id and f"sweep.{subject}" in by_id:
        subject = f"sweep.{subject}"
    if subject not in by_id:
        raise BadParameter("ID", shown(subject), why="is not in the last published report")
    return by_id[subject]


def _harmless(line: str) -> str:
    """Whole, but nothing in it that a terminal would act on: names come from anybody."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in line)


def folded(line: str, width: int) -> list[str]:
    """A line in lines of a readable length, cut between words.

    What may be pasted is left whole: a change, and a statement, whose texts may hold blanks.
    """
    if line.startswith(_PASTED):
        return [line]
    hang = " " * 11
    return textwrap.wrap(
        line,
        max(_NARROWEST, width),
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _lines(name: str, value: Any) -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """A part of the detail; what may be pasted stands on a line of its own."""
    match name:
        case "change":
            return [f"{'change':<10} {target}: {text}" for target, text in value.items()]
        case "inputs" | "symptoms":
            return [
                line
                for what, one in value.items()
                for line in (f"{shown(what)} = {_number(one['value'])}", f"{'':<10} {one['sql']}")
            ]
        case "use":
            return [f"{part:<10} {_cells(cells)}" for part, cells in value.items()]
        case "abstentions":
            return [f"{'silent':<10} {one['subject']}: {one['reason']}{_till(one['availableAt'])}" for one in value]
        case "metrics":
            return [
                f"{one['metric']:<32} {one['resources']} resources{_stake(one['perMonth'])}: {', '.join(one['rules'])}"
                for one in value
            ]
        case _:
            return [f"{name:<10} {text}" for text in _texts(value)]


def _texts(value: object) -> list[str]:
    """A value in one line; a list of tables in one line each."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_text(one) for one in cast("list[object]", value)]
    return [_text(cast("Any", value))]


def _cells(cells: dict[str, dict[str, Any]]) -> str:
    texts = [
        f"{cell} {one['state']}"
        + (f" ({one['usedPct']:g} %)" if one.get("usedPct") is not None else "")
        + (f": {', '.join(one['rules'])}" if one["rules"] else "")
        for cell, one in cells.items()
    ]
    return "; ".join(texts)


def _till(instant: str | None) -> str:
    return f"; enough at {instant}" if instant else ""


def _stake(per_month: float | None) -> str:
    return f" that cost {per_month:,.0f} a month" if per_month else ""


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.6g}"


def _text(value: object) -> str:
    match value:
        case float():
            return _number(value)
        case dict():
            named = cast("dict[str, object]", value)
            return ", ".join(f"{name} {_text(one)}" for name, one in named.items() if one is not None)
        case list():
            return ", ".join(_text(one) for one in cast("list[object]", value))
        case _:
            return str(value)
