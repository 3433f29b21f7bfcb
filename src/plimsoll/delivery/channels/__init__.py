"""The services that take messages, one file each: the shape of what they are sent, as data."""

import sys
from functools import cache

from plimsoll.delivery.notice import Channel
from plimsoll.extensions import discover


@cache
def channels() -> dict[str, Channel]:
    """Every channel by its kind."""
    return discover(sys.modules[__name__], "CHANNEL", Channel)
