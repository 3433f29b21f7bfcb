"""HTML by Jinja2: autoescape always on, nothing undefined passes, a CSP with the hashes of our own style and script."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from plimsoll.publish import tokens
from plimsoll.publish.capacity_view import CapacityView
from plimsoll.publish.svg import MARK
from plimsoll.publish.view import ReportView


class Rendered(NamedTuple):
    """A page, and the style and script that its policy allows."""

    style: str
    script: str
    page: bytes


def render(view: ReportView | CapacityView, template: str, *, folders: Sequence[Path]) -> bytes:
    """One self-contained page; templates are looked for in `folders`, the nearest first."""
    environment = _environment(folders)
    style, script = _style(environment), environment.get_template("report.js.j2").render()
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment.get_template(template).render(view=view, policy=policy, style=_ours(style), script=_ours(script))
    return page.encode()


def rendered(template: str, script_template: str | None, *, folders: Sequence[Path], **values: object) -> Rendered:
    """A page of the service with its style and script, whose policy travels in a header."""
    environment = _environment(folders)
    style = _style(environment)
    script = environment.get_template(script_template).render() if script_template else ""
    page = environment.get_template(template).render(mark=MARK, style=_ours(style), script=_ours(script), **values)
    return Rendered(style, script, page.encode())


def mail_environment(folders: Sequence[Path]) -> Environment:
    """Templates of mail: the HTML escapes everything, the text is text."""
    return _environment(folders)


def _environment(folders: Sequence[Path]) -> Environment:
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


def _style(environment: Environment) -> str:
    template = environment.get_template("report.css.j2")
    return template.render(light=tokens.css_variables(0), dark=tokens.css_variables(1))


def _ours(text: str) -> Markup:
    """Our own templates over our own token table: no data reaches them."""
    return Markup(text)  # noqa: S704


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
