"""HTML by Jinja2: autoescape always on, nothing undefined passes, a CSP with the hashes of our own style and script."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from plimsoll.publish import tokens
from plimsoll.publish.capacity_view import CapacityView
from plimsoll.publish.view import ReportView


def render(view: ReportView | CapacityView, template: str, *, folders: Sequence[Path]) -> bytes:
    """One self-contained page; templates are looked for in `folders`, the nearest first."""
    environment = Environment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("report.css.j2").render(
        light=tokens.css_variables(0), dark=tokens.css_variables(1)
    )
    script = environment.get_template("report.js.j2").render()
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment.get_template(template).render(
        view=view,
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own template over our own token table: no data reaches it
        script=Markup(script),  # noqa: S704 - a file of ours without a placeholder
    )
    return page.encode()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
