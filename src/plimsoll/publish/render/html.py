"""HTML by Jinja2: autoescape always on, nothing undefined passes, a CSP with the hashes of our own style and script."""

import base64
import hashlib
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from plimsoll.errors import shown
from plimsoll.publish import theme
from plimsoll.publish.drawing.svg import MARK
from plimsoll.publish.views.capacity_view import CapacityView
from plimsoll.publish.views.view import ReportView


class Rendered(NamedTuple):
    """A page, and the style and script that its policy allows."""

    style: str
    script: str
    page: bytes


def render(view: ReportView | CapacityView, template: str, *, folders: Sequence[Path], **more: str) -> bytes:
    """One self-contained page; templates are looked for in `folders`, the nearest first."""
    env = environment(folders)
    style, script = _style(env), env.get_template("report.js.j2").render()
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    found = env.get_template(template)
    return found.render(view=view, policy=policy, style=_ours(style), script=_ours(script), **more).encode()


def drawn(view: ReportView | CapacityView, template: str, *, folders: Sequence[Path]) -> tuple[bytes, str]:
    """The page, and why it is not whole, if it is not.

    Where a template cannot be drawn, the page is verdict and reason, from the last folder alone: Plimsoll's own.
    """
    try:
        return render(view, template, folders=folders), ""
    except Exception as error:  # noqa: BLE001 - a template is anybody's, and may raise anything
        reason = _reason(error, template)
        return render(view, "fallback.html.j2", folders=folders[-1:], reason=reason), reason


def _reason(error: Exception, template: str) -> str:
    """Which template, which line, and what."""
    name, line = template, getattr(error, "lineno", None)
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.endswith(".j2"):
            name, line = Path(frame.filename).name, frame.lineno
    return f"{name}{f', line {line}' if line else ''}: {shown(error)}"


def rendered(template: str, script_template: str | None, *, folders: Sequence[Path], **values: object) -> Rendered:
    """A page of the service with its style and script, whose policy travels in a header."""
    env = environment(folders)
    style = _style(env)
    script = env.get_template(script_template).render() if script_template else ""
    page = env.get_template(template).render(mark=MARK, style=_ours(style), script=_ours(script), **values)
    return Rendered(style, script, page.encode())


def environment(folders: Sequence[Path]) -> Environment:
    """Where templates come from: everything but plain text is escaped, nothing undefined passes."""
    return Environment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=_escaped,  # noqa: S701 - everything but plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _escaped(name: str | None) -> bool:
    """Everything but plain text."""
    return name is None or not name.endswith(".txt.j2")


def _style(env: Environment) -> str:
    template = env.get_template("report.css.j2")
    return template.render(light=theme.css_variables(0), dark=theme.css_variables(1))


def _ours(text: str) -> Markup:
    """Our own templates over our own token table: no data reaches them."""
    return Markup(text)  # noqa: S704


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
