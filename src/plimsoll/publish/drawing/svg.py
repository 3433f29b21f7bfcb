"""Drawings: small, sharp, without a script, with a sentence for those who cannot see them.

One grammar: measured data in one color, the load line the darkest mark, gaps never bridged.
"""

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from plimsoll.publish.theme import LEVELS

Values = Sequence[float | None]


def sparkline(values: Values, *, line: float | None, label: str, top: float | None, over: bool = False) -> Markup:
    """132 x 24: the series, its load line dashed, its last point; gaps are ticks at the foot.

    `top` is the value at the upper edge (100 for percentages, so that rows compare); None scales to the data.
    Drawn in whole quarter pixels with relative moves: a third of the bytes, and no eye sees the difference.
    """
    width, height = 528, 96
    known = [v for v in values if v is not None]
    highest = top if top is not None else 1.15 * max([*known, line or 0.0], default=1.0)
    scale = (height - 16) / highest if highest > 0 else 0.0

    def x(position: int) -> int:
        return round((position + 0.5) * width / max(1, len(values)))

    def y(value: float) -> int:
        return round(height - 8 - min(value, highest) * scale)

    path = "".join(_relative([(x(n), y(v)) for n, v in run]) for run in runs(values))
    gaps = "".join(f"M{x(n)} {height}v-12" for n, v in enumerate(values) if v is None)
    parts = [f'<path class="gap" d="{gaps}"/>'] if gaps and known else []
    if line is not None and known:
        parts.append(f'<path class="limit" d="M0 {y(line)}H{width}"/>')
    if path:
        parts.append(f'<path class="data" d="{path}"/>')
    if values and values[-1] is not None:
        css = "last over" if over else "last"
        parts.append(f'<circle class="{css}" cx="{x(len(values) - 1)}" cy="{y(values[-1])}" r="8"/>')
    return drawing(width, height, label, "".join(parts), css="spark")


def _relative(points: Sequence[tuple[int, int]]) -> str:
    """A path through whole points by relative moves."""
    first, *rest = points
    steps = [f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in zip(points, rest, strict=False)]
    return f"M{first[0]} {first[1]}" + (f"l{' '.join(steps)}".replace(" -", "-") if steps else "h0")


def mosaic(levels: Sequence[str], *, label: str, square: float, per_row: int) -> Markup:
    """One square for each resource, worst first, one path a level."""
    rows = -(-len(levels) // per_row) if levels else 1
    gap = 1.0 if square < 12 else 2.0
    paths: dict[str, list[str]] = {}
    for n, level in enumerate(levels):
        x, y = n % per_row * (square + gap), n // per_row * (square + gap)
        paths.setdefault(level, []).append(f"M{x:g} {y:g}h{square:g}v{square:g}h-{square:g}z")
    width = min(len(levels), per_row) * (square + gap) or 1.0
    return drawing(width, rows * (square + gap), label, _level_paths(paths), css="mosaic", sized="both")


def strip(rows: Sequence[Sequence[str]], *, label: str, cell_width: float, row_height: float) -> Markup:
    """One row for each resource, one column for each cell; neighbors of one level are joined, one path a level."""
    paths: dict[str, list[str]] = {}
    for y, row in enumerate(rows):
        top = y * row_height
        for level, first, count in _joined(row):
            if level == "nodata":
                middle = top + row_height / 2
                paths.setdefault(level, []).append(f"M{first * cell_width:g} {middle:g}h{count * cell_width:g}")
            else:
                w, h = count * cell_width - 0.4, row_height - 1.5
                paths.setdefault(level, []).append(f"M{first * cell_width:g} {top:g}h{w:g}v{h:g}h-{w:g}z")
    width = cell_width * max((len(row) for row in rows), default=1)
    return drawing(width, row_height * len(rows), label, _level_paths(paths), css="strip", sized="height")


def bullet(now: float, later: float | None, line: float, *, label: str) -> Markup:
    """150 x 14: now solid, in a fortnight paler, the load line as a tick; percent, 0 to 100."""
    width, height = 150, 14

    def x(percent: float) -> float:
        return round(min(max(percent, 0.0), 100.0) * width / 100, 1)

    parts = [f'<path class="empty" d="M0 3H{width}v8H0z"/>']
    if later is not None:
        parts.append(f'<path class="later" d="M0 3H{x(later)}v8H0z"/>')
    parts.append(f'<path class="now{" over" if now >= line else ""}" d="M0 5H{x(now)}v4H0z"/>')
    parts.append(f'<path class="load-line" d="M{x(line)} 0v{height}"/>')
    return drawing(width, height, label, "".join(parts), css="bullet", sized="both", stretched=False)


MARK = Markup(
    '<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">'
    '<circle cx="12" cy="12" r="7.5" fill="none" stroke="currentColor" stroke-width="2.25"/>'
    '<path d="M0 12h24" stroke="currentColor" stroke-width="2.25"/></svg>'
)


def drawing(
    width: float, height: float, label: str, body: str, *, css: str, sized: str = "", stretched: bool = True
) -> Markup:
    """One drawing with its sentence.

    `sized`: `both` fixes the size, `height` only that (the width is the page's), empty leaves both to CSS.
    """
    size = {"both": f' width="{width:g}" height="{height:g}"', "height": f' height="{height:g}"'}.get(sized, "")
    ratio = ' preserveAspectRatio="none"' if stretched else ""
    return Markup(  # noqa: S704 - the body is our own path data; the label, which may hold names, is escaped
        f'<svg class="{css}" viewBox="0 0 {width:g} {height:g}"{size} role="img" aria-label="{escape(label)}"'
        f"{ratio}>{body}</svg>"
    )


def _level_paths(paths: dict[str, list[str]]) -> str:
    order = [name for name, _ in LEVELS]
    return "".join(f'<path class="l-{name}" d="{"".join(paths[name])}"/>' for name in order if name in paths)


def runs(values: Values) -> Iterator[list[tuple[int, float]]]:
    """Stretches without a gap."""
    run: list[tuple[int, float]] = []
    for n, value in enumerate(values):
        if value is not None:
            run.append((n, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _joined(row: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(level, first cell, number of cells) of each stretch of one level."""
    first = 0
    for n in range(1, len(row) + 1):
        if n == len(row) or row[n] != row[first]:
            yield row[first], first, n - first
            first = n
