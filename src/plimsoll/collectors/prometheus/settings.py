"""`[targets.NAME]`: exporters to scrape, and whose readings they are."""

import os
import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from plimsoll.config import Duration, Section
from plimsoll.config.engine import Name, ResourceType

_LONGEST: Final = 2048
_MOST_OF_A_PATTERN: Final = 10_000
_SPAN: Final = re.compile(r"\[(\d{1,9}(?:-\d{1,9})?(?:,\d{1,9}(?:-\d{1,9})?)*)\]")
REPLICAS: Final = (
    "__replica__",
    "_replica",
    "ha_replica",
    "monitor",
    "prometheus",
    "prometheus_replica",
    "receive_replica",
    "replica",
    "thanos_replica",
    "vmagent_replica",
)
"""Labels by which servers of high availability, and what stores for them, mark who of them looked."""
"""Labels by which servers that read the same targets mark their own copy."""


def address(url: str) -> str:
    """The address itself; ValueError says why it cannot be one."""
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"is not an address; at most {_LONGEST} printable ASCII letters, a foreign name as xn--...")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is not an address: {error}") from error
    if "@" in parts.netloc:
        raise ValueError("holds credentials; name the variables that hold them: user and password_env, or bearer_env")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an address; write http://host:port/path")
    return url


def expanded(pattern: str) -> list[str]:
    """The addresses of a pattern, in order; the first number of a span says how many digits there are.

    >>> expanded("http://gpu-[008-010,20]:9100/metrics")[1:]
    ['http://gpu-009:9100/metrics', 'http://gpu-010:9100/metrics', 'http://gpu-20:9100/metrics']
    """
    match = _SPAN.search(pattern)
    if match is None:
        return [pattern]
    before, after = pattern[: match.start()], pattern[match.end() :]
    made = [f"{before}{number}{rest}" for number in _numbers(match[1]) for rest in expanded(after)]
    if len(made) > _MOST_OF_A_PATTERN:
        raise ValueError(f"means more than {_MOST_OF_A_PATTERN:,} addresses")
    return made


def _numbers(spans: str) -> Iterator[str]:
    for span in spans.split(","):
        first, _, last = span.partition("-")
        last = last or first
        if not int(first) <= int(last) < int(first) + _MOST_OF_A_PATTERN:
            raise ValueError(f"has a span that cannot be: [{span}]")
        yield from (str(number).zfill(len(first)) for number in range(int(first), int(last) + 1))


def _pattern(text: str) -> str:
    for one in expanded(text):
        address(one)
    return text


Address = Annotated[str, AfterValidator(address)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class Target(Section):
    """One kind of exporter at one or many addresses."""

    urls: tuple[Pattern, ...] = Field(
        (), description="addresses such as http://gpu-01:9100/metrics, or many: http://gpu-[001-128]:9100/metrics"
    )
    file_sd: tuple[str, ...] = Field(
        (), description="JSON files of Prometheus' file_sd that name further targets; a pattern such as sd/*.json, too"
    )
    http_sd: str = Field("", description="an address that answers with such a list (Prometheus' http_sd)")
    refresh: Annotated[Duration, Field(ge=5, le=86400)] = Field(
        "1m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how often these lists are looked at; a target that leaves them has gone, it is not silent",
    )
    scheme: Literal["http", "https"] = Field("http", description="of targets that file_sd or http_sd names")
    path: str = Field("/metrics", description="of targets that file_sd or http_sd names")
    mapping: Name = Field(description="what its families mean: node, dcgm, vllm, ... or a file mappings/NAME.toml")
    resource: str = Field("{host}", description="its id: text with {name}, {host}, {port}, or a label's name")
    second_resource: str = Field(
        "", description='a second resource with the same readings, such as "alps-job-{hpc_job}"'
    )
    type: ResourceType = Field("cluster", description="cluster, endpoint, training, ai-service, storage or network")
    region: Name = Field("", description="where it is, or a label's value: {zone}; empty: unknown")
    labels: dict[str, str] = Field(default_factory=dict[str, str], description="attributes, or labels' values: {team}")
    gpu_count: float | None = Field(None, ge=0, description="how many GPUs it has, also those that are silent")
    replicas_count: float | None = Field(None, ge=0, description="replicas that are paid for")
    price_usd_per_h: float | None = Field(None, ge=0, description="what an hour of it costs; absent: not known")
    bearer_env: str = Field("", description="the environment variable that holds a bearer token")
    user: str = Field("", description="for basic authentication")
    password_env: str = Field("", description="the environment variable that holds the password")
    ca: str = Field("", description="a PEM file: who may vouch for the exporter; empty: the system's list")
    certificate: str = Field("", description="a PEM file with our own certificate, for mutual TLS")
    key: str = Field("", description="its key's PEM file")

    @model_validator(mode="after")
    def _whole(self) -> "Target":
        if bool(self.user) != bool(self.password_env):
            raise ValueError("user and password_env go together")
        if bool(self.certificate) != bool(self.key):
            raise ValueError("certificate and key go together")
        if not (self.urls or self.discovers):
            raise ValueError("needs urls, file_sd or http_sd: where the exporters are")
        if self.http_sd:
            address(self.http_sd)
        if not self.path.startswith("/"):
            raise ValueError("path begins with /")
        return self

    @property
    def discovers(self) -> bool:
        """Whether lists name some of its addresses."""
        return bool(self.file_sd or self.http_sd)

    @property
    def addresses(self) -> list[str]:
        """The addresses that the config itself names."""
        return [one for pattern in self.urls for one in expanded(pattern)]


class Probe(Section):
    """`[probes.NAME]`: an address that is asked regularly: does it answer, how fast, how good is its certificate."""

    url: Address = Field(description="the address")
    resource: Name = Field("", description="whose availability it is; empty: the probe's own name")
    type: ResourceType = Field("endpoint", description="its type")
    region: Name = Field("", description="where it is; empty: unknown")
    labels: dict[str, str] = Field(default_factory=dict[str, str], description="attributes such as owner and group")
    status: Annotated[int, Field(ge=100, le=599)] = Field(200, description="the status that means success")
    bearer_env: str = Field("", description="the environment variable that holds a bearer token")
    ca: str = Field("", description="a PEM file: who may vouch for the address; empty: the system's list")


class Server(Section):
    """`[backfill.NAME]`: a Prometheus server that holds history."""

    url: Address = Field(description="its address, such as http://prometheus:9090")
    mapping: Name = Field(description="what the families mean: node, dcgm, vllm, ... or a file mappings/NAME.toml")
    selector: str = Field("", description='label matchers such as job="node"; empty: everything')
    resource: str = Field(
        "{host}", description="its id: text with {host} and {port} of the instance, {name}, or a label's name"
    )
    replica_labels: tuple[str, ...] = Field(
        REPLICAS, description="labels by which replicas of the server mark their copies"
    )
    type: ResourceType = Field("cluster", description="cluster, endpoint, training, ai-service, storage or network")
    region: Name = Field("", description="where it is; empty: unknown")
    step: Annotated[Duration, Field(ge=1, le=3600)] = Field(
        "30s",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how often the targets were scraped",
    )
    window: Annotated[Duration, Field(ge=60, le=86400)] = Field(
        "1h",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how much is asked for at a time; halved where the server cannot",
    )
    queries_per_s: float = Field(5.0, gt=0, le=1000, description="at most so many questions a second")
    tenant: str = Field("", description="sent as X-Scope-OrgID")
    bearer_env: str = Field("", description="the environment variable that holds a bearer token")
    user: str = Field("", description="for basic authentication")
    password_env: str = Field("", description="the environment variable that holds the password")
    ca: str = Field("", description="a PEM file: who may vouch for the server; empty: the system's list")


def credentials(bearer: str | None, user: str, password: str | None) -> dict[str, Any]:
    """What a request says of who asks."""
    if bearer:
        return {"headers": {"Authorization": f"Bearer {bearer}"}}
    return {"auth": (user, password)} if user and password else {}


def credentials_of(target: Target) -> dict[str, Any]:
    """Those of a target, from the environment, anew each time: a rotated secret needs no restart."""
    look = os.environ.get
    return credentials(look(target.bearer_env), target.user, look(target.password_env))
