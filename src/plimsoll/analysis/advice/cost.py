"""What a change is worth: at list price, and after what is committed to and paid for either way; else GPU-hours."""

from dataclasses import dataclass

from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.fleet.prices import HOURS_A_MONTH, Price

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(frozen=True, slots=True)
class Cost:
    """The text of `costImpact`, and what is saved a month (negative: it costs), in the currency of the prices."""

    text: str | None
    saving_per_month: float | None


def freeing(window: ResourceWindow, part: float, *, gpus: float | None = None) -> Cost:
    """Giving back a share of the resource: share x price x 730 h x (1 - what is committed to).

    `gpus` is how many that frees where the resource has no price; None: that share of its GPUs.
    """
    price = window.price
    if price is not None:
        list_price, saving = price.month * part, price.free_month * part
        committed = (
            f" at list price, {amount(saving, price.currency)} after the {100 * price.share:.0f} % that are committed "
            f"to until {price.until}"
            if price.share
            else ""
        )
        text = f"saves {amount(list_price, price.currency)} a month{committed}{_origin(price)}"
        return Cost(text, saving)
    freed = gpus if gpus is not None else (window.resource.gpu_count or 0.0) * part
    return Cost(f"frees {freed * HOURS_A_MONTH:,.0f} GPU-hours a month" if freed else None, None)


def of_hours(window: ResourceWindow, hours: float) -> Cost:
    """What hours that have passed cost: no month is promised from them."""
    price = window.price
    if price is None:
        return Cost(None, None)
    return Cost(f"{amount(price.per_h * hours, price.currency)} for these {hours:,.0f} h{_origin(price)}", None)


def adding(window: ResourceWindow, part: float, *, hours_share: float = 1.0) -> Cost:
    """More of the same by a share of the resource, at list price: nothing of it is committed to yet.

    `hours_share` is the share of the time for which it is wanted, where that is not always.
    """
    price = window.price
    if price is None:
        return Cost(None, None)
    month = price.month * part * hours_share
    always = hours_share >= 1
    hours = "" if always else f" for {HOURS_A_MONTH * hours_share:,.0f} h of it, as often as now"
    return Cost(f"costs {amount(month, price.currency)} a month{hours}{_origin(price)}", -month)


def amount(value: float, currency: str) -> str:
    """Money as text.

    >>> amount(1460.0, "USD"), amount(1460.0, "CHF")
    ('$1,460', 'CHF 1,460')
    """
    sign = _SIGNS.get(currency)
    return f"{sign}{value:,.0f}" if sign else f"{currency} {value:,.0f}"


def _origin(price: Price) -> str:
    return f" ({price.origin})" if price.origin else ""
