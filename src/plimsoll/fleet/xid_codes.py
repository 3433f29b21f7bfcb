"""Codes of the driver's errors (XID), as data: what each one is, whose fault it is, how bad, what to do about it."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, TypeAlias

from plimsoll.config import Section, as_frozen
from plimsoll.documents import Severity

METRIC: Final = "gpu_xid_code"
Fault: TypeAlias = Literal["application", "driver", "hardware", "thermal", "bus", "memory", "NVLink", "unknown"]
SEVERITIES: Final[Sequence[Severity]] = ("low", "medium", "high", "critical")
_REPEATED: Final = 3


class XidCode(Section):
    """One code: `what` it is, whose `fault` it usually is, how bad one of them is, and what is to be done.

    `drain`: the machine should take no new work. `card`: it speaks of the card, whatever ran on it. `repeats` is the
    severity of three of them on one card. `follows`: it only tells of an error before it, and is nothing by itself.
    """

    what: str
    fault: Fault
    severity: Severity
    todo: str
    drain: bool = False
    card: bool = False
    repeats: Severity | None = None
    follows: bool = False

    def severity_of(self, times: int) -> Severity:
        """How bad so many of them on one card are."""
        return self.repeats if self.repeats is not None and times >= _REPEATED else self.severity


@dataclass(frozen=True, slots=True)
class DriverError:
    """One error: `back_s` seconds before the end of the window, on a device ("" where that is not known)."""

    back_s: float
    device: str
    code: int


_UNKNOWN: Final = XidCode(
    what="not in our table",
    fault="unknown",
    severity="medium",
    todo="Look the number up in NVIDIA's XID catalogue.",
)


@cache
def xid_codes() -> Mapping[int, XidCode]:
    """Every code of the table."""
    text = (resources.files("plimsoll.fleet") / "xid_codes.toml").read_text("utf-8")
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {int(code): XidCode.model_validate(as_frozen(values)) for code, values in tables.items()}


def xid(code: int) -> XidCode:
    """What is known of a code; of one that is not in the table, that it is not.

    >>> xid(79).severity, xid(31).fault, xid(4711).what
    ('critical', 'application', 'not in our table')
    """
    return xid_codes().get(code, _UNKNOWN)


def by_card(errors: Sequence[DriverError]) -> Sequence[DriverError]:
    """Those of the cards; where no card is named, those of the resource as a whole, which names one of them."""
    return [one for one in errors if one.device] or errors


def worst_of(severities: Sequence[Severity]) -> Severity:
    """The worst of some severities; there is at least one."""
    return max(severities, key=SEVERITIES.index)
