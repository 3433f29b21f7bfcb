"""The settings of mail, its recipients, and the dead man's switch. Secrets stand in the environment."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from plimsoll.config import Duration, Section

_ADDRESS: Final = re.compile(r"[^@\s<>,;:\"'\\]{1,64}@[A-Za-z0-9.-]{1,190}|", re.ASCII)
Role = Literal["operations", "executive", "owner"]
Security = Literal["starttls", "tls", "none"]


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("is not a mail address; write it as name@example.org")
    return text


Address = Annotated[str, AfterValidator(_address)]


class Mail(Section):
    """`[mail]`: the server that takes the mail; without a host nothing is mailed."""

    host: str = Field("", description="the SMTP server; empty: no mail")
    port: int = Field(587, ge=1, le=65535, description="its port")
    security: Security = Field("starttls", description="starttls, tls, or none (refused with a user)")
    user: str = Field("", description="empty: no login")
    password_env: str = Field("PLIMSOLL_SMTP_PASSWORD", description="the environment variable that holds the password")
    sender: Address = Field("", description="the From address")
    link: str = Field("", description="where the report can be read, for the button; {date} is the day's folder")
    revisions: bool = Field(False, description="mail a report again when readings that came late changed it")
    max_attempts: int = Field(12, ge=1, le=100, description="how often a message is tried")
    give_up_after: Annotated[Duration, Field(ge=60, le=14 * 86400)] = Field(
        "48h",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how long a message is tried; then it has failed, and the next report says so",
    )

    @model_validator(mode="after")
    def _safe(self) -> "Mail":
        if self.host and not self.sender:
            raise ValueError("a host needs a sender")
        if self.user and self.security == "none":
            raise ValueError('a user with security = "none" would send the password in the clear')
        return self


class Recipient(Section):
    """`[recipients.NAME]`: who gets which reports, and in which view."""

    address: Address = Field(description="where to")
    reports: tuple[Literal["daily", "weekly", "capacity"], ...] = Field(("daily",), description="which reports")
    role: Role = Field("operations", description="operations: all; executive: without the lists; owner: what is theirs")
    pdf: bool = Field(False, description="attach the report as PDF; needs the extra plimsoll-fleet[pdf]")
    owner: str = Field("", description="for the role owner: the label owner of their resources")
    when: Literal["always", "matters"] = Field("always", description="matters: only if something needs attention")

    @model_validator(mode="after")
    def _owner_named(self) -> "Recipient":
        if not self.address:
            raise ValueError("address is empty")
        if (self.role == "owner") != bool(self.owner):
            raise ValueError("the role owner and the key owner go together")
        return self


class Ping(Section):
    """`[dead_mans_switch]`: a dead man's switch; asked for when a daily report was published and delivered."""

    url_env: str = Field("", description="the environment variable that holds the https address; empty: no ping")
    hosts: tuple[str, ...] = Field((), description="the only hosts that the address may name")

    @model_validator(mode="after")
    def _hosts_named(self) -> "Ping":
        if self.url_env and not self.hosts:
            raise ValueError("url_env needs hosts: the only ones that the address may name")
        return self
