"""The one table of colors; CSS variables and drawing attributes are both made from it.

Measured against the page: every text color reaches a contrast of 4.6 or more in both modes.
"""

from types import MappingProxyType
from typing import Final

COLORS: Final = MappingProxyType(
    {
        "page": ("#f7f7f4", "#0f161c"),
        "sunk": ("#efefea", "#1b2630"),
        "ink": ("#16222c", "#e7edf1"),
        "ink2": ("#475560", "#adb9c3"),
        "ink3": ("#66727c", "#8b98a3"),
        "rule": ("#e2e2dc", "#25313b"),
        "rule2": ("#cfd1cc", "#364450"),
        "sea": ("#1d5f86", "#6db3dc"),
        "sea2": ("#8fb3c9", "#3f6d89"),
        "link": ("#17557a", "#8cc4e6"),
        "critical": ("#a8231a", "#ff8577"),
        "high": ("#b4480a", "#ffa566"),
        "medium": ("#846200", "#e2c25a"),
        "low": ("#2f6596", "#86b9e6"),
        "ok": ("#1f6b58", "#74c7ae"),
        "over": ("#b3261e", "#e0483a"),
        "near": ("#e8a33d", "#f2bc4e"),
        "below5": ("#86aec6", "#3d7193"),
        "below15": ("#c6d8e2", "#27435a"),
        "below30": ("#e9edee", "#1d2831"),
        "nodata": ("#b9bdb8", "#4a565f"),
    }
)
GLYPHS: Final = MappingProxyType({"critical": "■", "high": "▲", "medium": "◆", "low": "●", "ok": "✓", "silent": "○"})
LEVELS: Final = (
    ("over", "over its line"),
    ("near", "within 5 points"),
    ("below5", "5–15 below"),
    ("below15", "15–30 below"),
    ("below30", "more than 30 below"),
    ("nodata", "no data"),
)


def css_variables(mode: int) -> str:
    """The table as CSS custom properties; mode 0 is light, 1 dark."""
    return "".join(f"--{name}:{values[mode]};" for name, values in COLORS.items())


def level(margin: float | None) -> str:
    """The strip's level of a margin (points over the line, negative below).

    >>> level(0.5), level(-3.0), level(-12.0), level(None)
    ('over', 'near', 'below5', 'nodata')
    """
    if margin is None:
        return "nodata"
    bounds = ((0.0, "over"), (-5.0, "near"), (-15.0, "below5"), (-30.0, "below15"))
    return next((name for bound, name in bounds if margin > bound), "below30")
