"""Pictures for mail: the page's own drawings with their colors inside, as PNG, by one font file that travels along."""

import io
from collections.abc import Sequence
from importlib import resources
from typing import Final

import resvg_py
from markupsafe import Markup, escape

from plimsoll.publish.theme import COLORS
from plimsoll.publish.views.sections import Room

WIDTH: Final = 440
_ZOOM: Final = 2.0
_PLATE: Final = "#ffffff"
_ROW: Final = 30
_MOST_ROWS: Final = 4


def fleet(mosaic: Markup) -> bytes:
    """The mosaic of the page on an opaque plate of its own size."""
    colors = "".join(f".l-{name}{{fill:{light}}}" for name, (light, _) in COLORS.items())
    style = f"<style>{colors}.l-nodata{{stroke:none}}</style>"
    opened, _, rest = str(mosaic).partition(">")
    return _png(opened.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + f">{style}{rest}")


def room(rows: Sequence[Room]) -> bytes:
    """Up to four resources: name, bar, load line, number."""
    shown = rows[:_MOST_ROWS]
    ink, parts = COLORS["ink"][0], list[str]()
    for n, row in enumerate(shown):
        top = 8 + n * _ROW
        now, line = _percent(row.now), _percent(row.line)
        bar = COLORS["over" if now >= line else "sea"][0]
        parts += [
            f'<text x="8" y="{top + 14}" font-size="12" fill="{ink}">{escape(row.resource[:30])}</text>',
            f'<rect x="220" y="{top + 4}" width="150" height="12" fill="{COLORS["sunk"][0]}"/>',
            f'<rect x="220" y="{top + 6}" width="{1.5 * min(now, 100.0):g}" height="8" fill="{bar}"/>',
            f'<rect x="{219 + 1.5 * min(line, 100.0):g}" y="{top}" width="2.5" height="20" fill="{ink}"/>',
            f'<text x="380" y="{top + 14}" font-size="12" fill="{COLORS["ink2"][0]}">{escape(row.now)}</text>',
        ]
    height = 16 + _ROW * len(shown)
    return _png(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="DejaVu Sans">'
        f'<rect width="{WIDTH}" height="{height}" fill="{_PLATE}"/>{"".join(parts)}</svg>'
    )


def _percent(text: str) -> float:
    """The number of a text such as `79.8 %`; the view holds what is read, not what it was made from."""
    digits = "".join(c for c in text if c.isdigit() or c == ".")
    return float(digits) if digits else 0.0


def _png(svg: str) -> bytes:
    """At twice its size; without the machine's own fonts the picture is the same everywhere."""
    with resources.as_file(resources.files("plimsoll.publish") / "fonts" / "DejaVuSans.ttf") as font:
        made = resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=int(_ZOOM),
            font_files=[str(font)],
            skip_system_fonts=True,
            font_family="DejaVu Sans",
            background=_PLATE,
        )
    return io.BytesIO(bytes(made)).getvalue()
