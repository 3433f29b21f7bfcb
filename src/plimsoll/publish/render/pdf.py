"""PDF by WeasyPrint, the extra `[pdf]`: templates of its own in blocks and tables, the page's drawings, one font.

Nothing is fetched: the only address that is answered is that of the font that travels along.
"""

import importlib
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from plimsoll.errors import PlimsollError, shown
from plimsoll.publish.render.html import environment
from plimsoll.publish.theme import COLORS
from plimsoll.publish.views.capacity_view import CapacityView
from plimsoll.publish.views.view import ReportView

_FONT: Final = "plimsoll:font"
_OPENED: Final = re.compile(r'(<svg class="[a-z]+"[^>]*>)')
_VARIABLE: Final = re.compile(r"var\(--([a-z0-9]+)\)")
# WeasyPrint takes a width from CSS as leave to change the height by the same ratio
_HEIGHT: Final = re.compile(r'(<svg class="strip"[^>]*) height="([0-9.]+)"')
# WeasyPrint scales the strokes of a stretched drawing with it
_STROKES: Final = ".spark .data{stroke-width:7}.spark .limit,.spark .gap{stroke-width:4;stroke-dasharray:8 8}"


def pdf(view: ReportView | CapacityView, *, folders: Sequence[Path]) -> bytes:
    """The report as tagged PDF, A4; PlimsollError says which package is missing, if one is."""
    weasyprint = _library()
    env, colors = environment(folders), {name: light for name, (light, _) in COLORS.items()}
    row_height = view.fleet_picture.row_height if isinstance(view, ReportView) else "auto"
    footer = _css_text(f"{view.fleet} · {view.window}")
    style = env.get_template("print.css.j2").render(color=colors, footer=footer, row_height=row_height)
    rules = _VARIABLE.sub(lambda found: colors[found[1]], env.get_template("drawings.css.j2").render())
    name = "print_capacity.html.j2" if isinstance(view, CapacityView) else "print_daily.html.j2"
    page = env.get_template(name).render(view=view, style=Markup(style))  # noqa: S704 - our own tokens, and escaped text
    painted = _OPENED.sub(rf"\1<style>{rules}{_STROKES}</style>", _HEIGHT.sub(r'\1 style="height:\2px"', page))
    try:
        return bytes(weasyprint.HTML(string=painted, url_fetcher=_fetcher(weasyprint)).write_pdf(pdf_tags=True))
    except Exception as error:  # a layout engine has many ways to give up, and the HTML is to go out all the same
        raise PlimsollError(f"no PDF: {shown(error) or type(error).__name__}") from error


def _library() -> Any:  # noqa: ANN401 - it is not there to be typed where the extra is not
    try:
        return importlib.import_module("weasyprint")
    except ImportError as error:
        raise PlimsollError("no PDF: the package weasyprint is missing; pip install 'plimsoll-fleet[pdf]'") from error
    except OSError as error:
        raise PlimsollError("no PDF: the library Pango is missing; on Debian: apt install libpangoft2-1.0-0") from error


def _fetcher(weasyprint: Any) -> Any:  # noqa: ANN401
    """Answers for the font alone."""
    font = (resources.files("plimsoll.publish") / "fonts" / "DejaVuSans.ttf").read_bytes()

    def fetch(url: str, *_: object, **__: object) -> object:
        if url != _FONT:
            raise ValueError(f"{url}: nothing is fetched for a PDF")
        return weasyprint.urls.URLFetcherResponse(url, font, headers={"Content-Type": "font/ttf"})

    return fetch


def _css_text(text: str) -> str:
    """Text for a string in CSS: whatever could end the string or the style is written by its number."""
    return "".join(c if c.isalnum() or c in " ·–:.,-" else f"\\{ord(c):x} " for c in text)
