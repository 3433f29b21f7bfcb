"""The review's drawings: one pool's level, forecast and load line; and when to decide, all on one axis."""

from collections.abc import Callable, Sequence
from datetime import date

from markupsafe import Markup, escape

from plimsoll.documents.capacity import Pool
from plimsoll.publish import formatting
from plimsoll.publish.drawing.svg import Values, drawing, runs

_WIDTH, _HEIGHT = 354, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 306, 16, 108
_LANE = 22
_Scale = Callable[[float], float]


def pool_chart(pool: Pool, *, label: str) -> Markup:
    """Measured solid, forecast dashed with its 80 % band, the load line heaviest, a ring where it is reached."""
    measured = [day.value for day in pool.history]
    ahead = pool.forecast
    known = [v for v in measured if v is not None] + [day.low for day in ahead]
    lowest = 20.0 if known and min(known) > 25 else 0.0
    days = len(measured) + len(ahead)

    def x(position: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * position / max(1, days - 1), 1)

    def y(value: float) -> float:
        inside = min(max(value, lowest), 100.0)
        return round(_BOTTOM - (_BOTTOM - _TOP) * (inside - lowest) / (100.0 - lowest), 1)

    today, line = x(len(measured) - 1), y(pool.line.percent)
    parts = [
        f'<path class="over-area" d="M{_LEFT} {_TOP}H{_RIGHT}V{line}H{_LEFT}z"/>',
        *(_grid(value, y(value)) for value in (lowest, (100.0 + lowest) / 2, 100.0)),
        f'<path class="today" d="M{today} {_TOP}V{_BOTTOM}"/>',
        _text(today, _TOP - 5, "today", "middle"),
    ]
    if measured:
        parts += [_measured(measured, x, y)]
    if ahead:
        parts += [_forecast(pool, len(measured), x, y)]
    parts.append(f'<path class="load-line" d="M{_LEFT} {line}H{_RIGHT + 8}"/>')
    parts.append(f'<circle class="load-mark" cx="{_RIGHT + 12}" cy="{line}" r="4.5"/>')
    parts.append(_text(_RIGHT + 20, line + 4, f"{pool.line.percent:g}{formatting.NARROW}%", "start", strong=True))
    parts.append(_ring(pool, len(measured), x, y))
    if pool.history:
        parts.append(_text(_LEFT, _HEIGHT - 8, _day(pool.history[0].date), "start"))
    if ahead:
        parts.append(_text(_RIGHT, _HEIGHT - 8, _day(ahead[-1].date), "end"))
    return drawing(_WIDTH, _HEIGHT, label, "".join(parts), css="chart", stretched=False)


def decision_lanes(pools: Sequence[Pool], labels: Sequence[str]) -> list[Markup]:
    """One lane a pool, all on one axis: a bar at the day to decide by, the band of the crossing, a ring at its middle.

    in: pools that reach their line and have a day to decide by
    """
    ends = [days for p in pools if p.crossing for days in (p.crossing.middle_days, p.crossing.late_days) if days]
    last, first = max([7, *ends]), min([0, *(p.decide_by.days for p in pools if p.decide_by)])

    def x(days: float) -> float:
        return round(8.0 + 338.0 * (days - first) / (last - first), 1)

    return [_lane(pool, x, last, label) for pool, label in zip(pools, labels, strict=True)]


def _lane(pool: Pool, x: _Scale, last: int, label: str) -> Markup:
    middle = _LANE / 2
    parts = [f'<path class="today" d="M{x(0)} 0V{_LANE}"/>']
    if pool.crossing and pool.decide_by:
        early = pool.crossing.early_days or 0
        late = last if pool.crossing.late_days is None else pool.crossing.late_days
        crossed = x(last if pool.crossing.middle_days is None else pool.crossing.middle_days)
        width = max(x(late) - x(early), 2.0)
        parts += [
            f'<path class="band-bar" d="M{x(early)} {middle - 6:g}h{width:g}v12h-{width:g}z"/>',
            f'<path class="lead" d="M{x(pool.decide_by.days)} {middle:g}H{crossed}"/>',
            f'<path class="load-line" d="M{x(pool.decide_by.days)} {middle - 7:g}v14"/>',
            f'<circle class="ring" cx="{crossed}" cy="{middle:g}" r="4.5"/>',
        ]
    return drawing(354, _LANE, label, "".join(parts), css="lane", stretched=False)


def _measured(values: Values, x: _Scale, y: _Scale) -> str:
    water, line = "", ""
    for run in runs(values):
        points = " ".join(f"{x(n)} {y(value)}" for n, value in run)
        line += f"M{points}" if len(run) > 1 else f"M{points}h0.1"
        water += f"M{x(run[0][0])} {_BOTTOM}L{points} {x(run[-1][0])} {_BOTTOM}z"
    return f'<path class="water" d="{water}"/><path class="data" d="{line}"/>'


def _forecast(pool: Pool, first: int, x: _Scale, y: _Scale) -> str:
    ahead = pool.forecast
    upper = " ".join(f"{x(first + n)} {y(day.high)}" for n, day in enumerate(ahead))
    lower = " ".join(f"{x(first + n)} {y(day.low)}" for n, day in reversed(list(enumerate(ahead))))
    full = next((n for n, day in enumerate(ahead) if day.value >= 100.0), None)
    shown = ahead if full is None else ahead[: full + 1]
    line = " ".join(f"{x(first + n)} {y(day.value)}" for n, day in enumerate(shown))
    parts = f'<path class="band" d="M{upper} {lower}z"/><path class="data ahead" d="M{line}"/>'
    if full is not None:
        return parts + _text(x(first + full), _TOP - 5, f"full {_day(ahead[full].date)}", "start", strong=True)
    return parts + _text(
        _RIGHT, y(ahead[-1].value) - 5, f"{ahead[-1].value:.0f}{formatting.NARROW}%", "end", strong=True
    )


def _ring(pool: Pool, first: int, x: _Scale, y: _Scale) -> str:
    if pool.crossing is None or not pool.crossing.middle_days:
        return ""
    return f'<circle class="ring" cx="{x(first + pool.crossing.middle_days - 1)}" cy="{y(pool.line.percent)}" r="5"/>'


def _grid(value: float, y: float) -> str:
    text = _text(_LEFT - 4, y + 4, f"{value:g}{'%' if value == 100 else ''}", "end")
    return f'<path class="grid" d="M{_LEFT} {y}H{_RIGHT}"/>{text}'


def _text(x: float, y: float, text: str, anchor: str, *, strong: bool = False) -> str:
    css = ' class="strong"' if strong else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{css}>{escape(text)}</text>'


def _day(text: str) -> str:
    return formatting.day(date.fromisoformat(text))
