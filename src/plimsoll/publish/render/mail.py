"""A report as a mail: the same words as the page in 600 pixels, and in 72 columns of plain text."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import css_inline

from plimsoll.publish.render import png
from plimsoll.publish.render.html import environment
from plimsoll.publish.theme import COLORS
from plimsoll.publish.views.absences import Absence
from plimsoll.publish.views.actions import Action
from plimsoll.publish.views.capacity_view import CapacityView
from plimsoll.publish.views.sections import Room
from plimsoll.publish.views.tiles import Tile
from plimsoll.publish.views.view import AlertRow, ReportView

_COLUMNS: Final = 72
_MOST_ALERTS: Final = 8
_MOST_ABSENT: Final = 6
_MOST_ROOM: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """What a mail shows; the templates only place it. `also` names earlier reports that this one tells of."""

    kind: str
    fleet: str
    window: str
    state: str
    color: str
    facts: str
    parts: Sequence[tuple[str, bool]]
    since: str
    changed: str
    notices: Sequence[str]
    tiles: Sequence[Tile]
    absent: Sequence[Absence]
    more_absent: int
    actions: Sequence[Action]
    more_actions: int
    alerts: Sequence[AlertRow]
    more_alerts: int
    room: Sequence[Room]
    pools: Sequence[tuple[str, str, str]]
    pictures: Mapping[str, str]
    also: Sequence[str]
    link: str
    why: str
    preheader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailParts:
    """The parts of a mail."""

    subject: str
    text: str
    html: str
    pictures: Mapping[str, bytes]


def subject(state: str, facts: str, fleet: str, end: datetime, revision: int = 1) -> str:
    """Verdict and date, so that no two messages thread; a later revision says so."""
    worst = facts.split(";", maxsplit=1)[0].strip().rstrip(".")
    head = f"{state.rstrip('.')}: {worst}" if worst else state.rstrip(".")
    tail = f" ({fleet[:24]}, {end.day} {end:%b}{f', revision {revision}' if revision > 1 else ''})"
    return (head if len(head) + len(tail) <= 78 else f"{head[: 77 - len(tail)]}…") + tail


def compose(
    view: ReportView | CapacityView,
    *,
    end: datetime,
    role: str,
    why: str,
    link: str,
    also: Sequence[str],
    revision: int = 1,
    folders: Sequence[Path],
) -> MailParts:
    """The parts of the mail of a report. An executive's leaves the lists of single things out."""
    lists = role != "executive"
    pictures = _pictures(view) if isinstance(view, ReportView) else {}
    mail = MailView(
        kind=view.kind,
        fleet=view.fleet,
        window=view.window,
        state=view.verdict.state,
        color=COLORS[view.verdict.color][0],
        facts=view.verdict.facts,
        parts=view.verdict.parts,
        since=view.since,
        changed=view.changes.sentence if isinstance(view, ReportView) and view.changes else "",
        notices=view.notices,
        tiles=view.tiles,
        absent=view.absent[:_MOST_ABSENT] if isinstance(view, ReportView) and lists else [],
        more_absent=max(0, len(view.absent) + view.absent_more - _MOST_ABSENT)
        if isinstance(view, ReportView) and lists
        else 0,
        actions=_actions(view),
        more_actions=view.actions.unshown if isinstance(view, ReportView) and view.actions else 0,
        alerts=view.alerts[:_MOST_ALERTS] if isinstance(view, ReportView) and lists else [],
        more_alerts=max(0, len(view.alerts) - _MOST_ALERTS) if isinstance(view, ReportView) and lists else 0,
        room=_room(view),
        pools=[(p.name, p.days, p.sentence) for p in view.pools] if isinstance(view, CapacityView) else [],
        pictures={name: alt for name, (alt, _) in pictures.items()},
        also=also,
        link=link,
        why=why,
        preheader=f"{view.verdict.facts} {view.since}",
    )
    env = environment(folders)
    light = {name: values[0] for name, values in COLORS.items()}
    html = env.get_template("mail.html.j2").render(mail=mail, color=light)
    text = env.get_template("mail.txt.j2").render(mail=mail, wrapped=_wrapped)
    inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
    return MailParts(
        subject=subject(view.verdict.state, view.verdict.facts, view.fleet, end, revision),
        text=text,
        html=inliner.inline(html),
        pictures={name: png for name, (_, png) in pictures.items()},
    )


def plain(
    view: ReportView | CapacityView, *, end: datetime, revision: int, why: str, link: str, reason: str
) -> MailParts:
    """The verdict in plain text, where a template of the mail cannot be drawn: silence would be worse."""
    failed = f"The templates of this mail could not be drawn: {reason}. plimsoll diff shows what was changed in them."
    text_parts = [f"{view.verdict.state} {view.verdict.facts}", view.since, *view.notices, failed, link, why]
    text = "\n\n".join(_wrapped(one) for one in text_parts if one) + "\n"
    head = subject(view.verdict.state, view.verdict.facts, view.fleet, end, revision)
    return MailParts(subject=head, text=text, html="", pictures={})


def _wrapped(text: str, indent: int = 0) -> str:
    """Text in 72 columns."""
    space = " " * indent
    return textwrap.fill(text, _COLUMNS, initial_indent=space, subsequent_indent=space, break_long_words=False)


def _actions(view: ReportView | CapacityView) -> list[Action]:
    if not isinstance(view, ReportView) or view.actions is None:
        return []
    return [one for one in view.actions.rows if isinstance(one, Action)]


def _room(view: ReportView | CapacityView) -> list[Room]:
    if not isinstance(view, ReportView) or view.room is None:
        return []
    return [one for one in view.room.rows if isinstance(one, Room)][:_MOST_ROOM]


def _pictures(view: ReportView) -> dict[str, tuple[str, bytes]]:
    """Content id -> (the sentence that says the same, PNG); everything they show is also text."""
    found: dict[str, tuple[str, bytes]] = {}
    if rooms := _room(view):
        listed = "; ".join(f"{one.resource} {one.metric} {one.now}, line {one.line}" for one in rooms)
        found["room"] = (f"Room to the load line: {listed}.", png.room(rooms))
    if view.rows:
        found["fleet"] = (view.fleet_picture.sentence, png.fleet(view.fleet_picture.mosaic))
    return found
