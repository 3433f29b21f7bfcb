"""What came of one attempt to deliver."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sent", "later", "failed", "uncertain"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`later`: not accepted now, try again; `failed`: never will be; `uncertain`: it may have been accepted.

    `receipt` is what the service calls the message, where later ones can refer to it.
    """

    kind: Kind
    detail: str = ""
    receipt: str = ""
