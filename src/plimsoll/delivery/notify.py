"""The settings of `[notify.NAME]`, a channel to people, and of `[routes.NAME]`, which alerts go to which channels."""

import re
from collections.abc import Mapping
from datetime import datetime, time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from plimsoll.config import Duration, Section
from plimsoll.delivery.notice import STATES, State, Subject, SubjectKind
from plimsoll.delivery.settings import Address
from plimsoll.documents import Severity

Kind = Literal["mail", "slack", "teams", "alertmanager", "pagerduty", "json", "ntfy"]
Reports = Literal["always", "matters", "never"]
SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high", "critical")
REPORTING: Final = frozenset({"slack", "teams", "alertmanager", "json", "ntfy"})
"""The kinds that can show a daily report; mail has `[recipients]` for it."""
_OWN_ADDRESS: Final = frozenset({"slack", "pagerduty"})
"""The kinds whose service has one address for everybody, where a key says who it is."""
_NAMED: Final = {"slack": "the channel that its bot writes to", "ntfy": "the topic"}
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def _plain_address(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc):
        raise ValueError("is not an http(s) address without a login; a secret one stands in url_env or url_file")
    return text


def _hours(text: str) -> str:
    if text and not _HOURS.fullmatch(text):
        raise ValueError('is not a time of the day; write it as "22:00-06:00"')
    return text


class Notify(Section):
    """`[notify.NAME]`: a channel that alerts, and if wanted the daily report, are sent through."""

    kind: Kind = Field(
        "json", description="mail, slack, teams, alertmanager (v2), pagerduty (events v2), json (a webhook), or ntfy"
    )
    address: Address = Field("", description="mail: where to; the server is that of [mail]")
    url: Annotated[str, AfterValidator(_plain_address)] = Field("", description="the address, where it is not secret")
    url_env: str = Field("", description="the environment variable that holds the address")
    url_file: str = Field("", description="a file that holds the address")
    key_env: str = Field("", description="the environment variable that holds the key: a bearer token, a routing key")
    key_file: str = Field("", description="a file that holds the key")
    hosts: tuple[str, ...] = Field((), description="the only hosts that the address may name; with url, that one")
    channel: str = Field("", description="slack with a key: the channel that the bot writes to; ntfy: the topic")
    reports: Reports = Field("always", description="the daily report (not mail, pagerduty): always, matters, never")
    per_hour: int = Field(
        20, ge=1, le=1000, description="alert messages an hour at most; later ones are joined; critical ones go at once"
    )

    @model_validator(mode="after")
    def _complete(self) -> "Notify":
        if self.kind == "mail":
            return self._mail()
        if self.address:
            raise ValueError("address is for mail; other kinds have url, url_env or url_file")
        given = [bool(self.url), bool(self.url_env), bool(self.url_file)].count(True)
        own = self.kind in _OWN_ADDRESS and self.has_key
        if given > 1 or (not given and not own):
            raise ValueError("give exactly one of url, url_env and url_file")
        if given and not self.url and not self.hosts:
            raise ValueError("hosts is missing: the only ones that the address may name")
        if self.key_env and self.key_file:
            raise ValueError("give key_env or key_file, not both")
        if self.kind == "pagerduty" and not self.has_key:
            raise ValueError("key_env is missing: pagerduty needs the routing key of its integration")
        if (self.kind == "ntfy" or (self.kind == "slack" and self.has_key)) and not self.channel:
            raise ValueError(f"channel is missing: {_NAMED[self.kind]}")
        return self

    def _mail(self) -> "Notify":
        if not self.address:
            raise ValueError("address is missing: where to mail")
        if self.url or self.url_env or self.url_file or self.has_key:
            raise ValueError("mail has an address and the server of [mail]; no url and no key")
        return self

    @property
    def has_key(self) -> bool:
        """Whether a key is named."""
        return bool(self.key_env or self.key_file)

    def shows_report(self, *, calm: bool) -> bool:
        """Whether a daily report goes through this channel."""
        return self.kind in REPORTING and (self.reports == "always" or (self.reports == "matters" and not calm))


class Route(Section):
    """`[routes.NAME]`: which alerts go to which channels; without any route every alert goes to every channel.

    Incidents and forecasts go where a route names their kind, and nowhere without one.
    """

    to: tuple[str, ...] = Field(min_length=1, description="names of [notify] sections")
    kinds: tuple[SubjectKind, ...] = Field(
        ("alert",), min_length=1, description="alert, incident (unlike the past), forecast (a line ahead)"
    )
    forecast_within: Annotated[Duration, Field(ge=86400, le=60 * 86400)] = Field(
        "7d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="forecasts that reach their line within so many days are sent",
    )
    at_least: Severity = Field("low", description="the least severity: low, medium, high, critical")
    types: tuple[str, ...] = Field((), description="resource types; empty: all")
    owners: tuple[str, ...] = Field((), description="values of the label owner; empty: all")
    resources: tuple[str, ...] = Field((), description='resource ids, also patterns: "gpu-*"; empty: all')
    metrics: tuple[str, ...] = Field((), description='metrics, also patterns: "gpu_*"; empty: all')
    hours: Annotated[str, AfterValidator(_hours)] = Field(
        "", description='hours of the day in the project\'s zone: "22:00-06:00"; empty: always'
    )
    on: tuple[State, ...] = Field(STATES, min_length=1, description="opened, still open, resolved")
    still_open_after: Annotated[Duration, Field(ge=300, le=30 * 86400)] = Field(
        "4h",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how long after its opening an alert is reported as still open, once",
    )

    def takes(self, subject: Subject) -> bool:
        """Whether an alert is of the kind that this route carries, at whatever hour."""
        is_far = subject.kind == "forecast" and (subject.value or 0.0) * 86400 > self.forecast_within
        return (
            subject.kind in self.kinds
            and not is_far
            and SEVERITIES.index(subject.severity) >= SEVERITIES.index(self.at_least)
            and (not self.types or subject.type in self.types)
            and (not self.owners or subject.owner in self.owners)
            and (not self.resources or any(fnmatchcase(subject.resource, one) for one in self.resources))
            and (not self.metrics or any(fnmatchcase(subject.metric, one) for one in self.metrics))
        )

    def open_at(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether an instant is among the hours of this route.

        >>> night = Route.model_validate({"to": ("a",), "hours": "22:00-06:00"})
        >>> from datetime import UTC
        >>> [night.open_at(datetime(2026, 1, 16, hour, tzinfo=UTC), ZoneInfo("UTC")) for hour in (5, 6, 21, 22)]
        [True, False, False, True]
        """
        if not self.hours:
            return True
        begin, end = (time.fromisoformat(text) for text in self.hours.split("-"))
        now = at.astimezone(zone).time()
        return begin <= now < end if begin <= end else now >= begin or now < end


def secret(environment: Mapping[str, str], env: str, file: str) -> str:
    """A value that stands in the environment or in a file; empty where it does not."""
    if env:
        return environment.get(env, "")
    try:
        return Path(file).read_text(encoding="utf-8").strip() if file else ""
    except (OSError, UnicodeDecodeError):
        return ""
