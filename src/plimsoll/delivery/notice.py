"""What a message to people says, before a channel gives it a shape: one or many alerts that changed in one pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from plimsoll.documents import Severity

State: TypeAlias = Literal["opened", "still open", "resolved"]
STATES: Final[tuple[State, ...]] = ("opened", "still open", "resolved")
SubjectKind: TypeAlias = Literal["alert", "incident", "forecast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An alert, an incident or a forecast as a message reports it.

    `text` is one sentence without severity and state; `value` and `threshold` are in the metric's unit, None where
    there is none. `closed` is None while it is open; `muted` says why no message leaves, empty otherwise.
    """

    id: str
    kind: SubjectKind
    severity: Severity
    resource: str
    name: str
    type: str
    owner: str
    metric: str
    text: str
    opened: datetime
    closed: datetime | None = None
    value: float | None = None
    threshold: float | None = None
    muted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message: subjects that came into one state, the worst first.

    `thread` is the id of the message that first reported them, the same as `identity` in that one; `open_left` counts
    the subjects of the thread that are still open.
    """

    identity: str
    thread: str
    state: State
    fleet: str
    head: str
    subjects: Sequence[Subject]
    open_left: int
    at: datetime
    link: str = ""

    @property
    def is_first(self) -> bool:
        """Whether it begins its thread."""
        return self.identity == self.thread

    @property
    def severity(self) -> Severity:
        """That of its worst subject."""
        return self.subjects[0].severity

    @property
    def lines(self) -> list[str]:
        """Each subject in one line."""
        return [f"{one.severity}: {one.text}" for one in self.subjects]


Shape: TypeAlias = Callable[[Notice, str], Any]
ReportShape: TypeAlias = Callable[[Mapping[str, Any], str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What differs between the services that take messages.

    `alert` and `report` give the body, from a notice or a report's summary and the settings' `channel`; `report` is
    None where it takes none. With a key, `keyed_url` is the address of the service. `key_member`: the body's member
    that holds the key (empty: it goes as a bearer token). `receipt_member` of an answer names the message, and is sent
    as `thread_member` with later ones of the same thread.
    """

    alert: Shape
    report: ReportShape | None = None
    keyed_url: str = ""
    key_member: str = ""
    receipt_member: str = ""
    thread_member: str = ""
