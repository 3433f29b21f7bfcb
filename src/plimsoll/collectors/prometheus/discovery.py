"""Addresses that lists name: Prometheus' `file_sd` and `http_sd`, and patterns such as `gpu-[001-128]`.

A list is JSON: `[{"targets": ["gpu-01:9100"], "labels": {"zone": "a"}}, ...]`. The labels `__scheme__`,
`__metrics_path__` and `__param_NAME` make the address, as they do for Prometheus; every label may be used in ids and
attributes. An entry that cannot be an address is refused alone.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlencode

import httpx2

from plimsoll.collectors.prometheus import fetch
from plimsoll.collectors.prometheus.settings import Target, address
from plimsoll.errors import PlimsollError, shown

MOST_TARGETS: Final = 100_000
MOST_BYTES: Final = 16 * 1024**2
_SHOWN: Final = 3
_NOT_SO: Final = re.compile(r"[/\s?#]")


class DiscoveryError(PlimsollError):
    """A list could not be read at all: the addresses that it named before stay."""


@dataclass(frozen=True, slots=True)
class Found:
    """One address, and what its list says of it."""

    url: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True)
class Listed:
    """What a target's lists name now; `refused` says of single entries why they are left out."""

    found: dict[str, Found] = field(default_factory=dict[str, Found])
    refused: list[str] = field(default_factory=list[str])

    @property
    def reason(self) -> str | None:
        """What a reader of the coverage should know."""
        more = f"; and {len(self.refused) - _SHOWN} more" if len(self.refused) > _SHOWN else ""
        return "; ".join(self.refused[:_SHOWN]) + more or None


def listed(target: Target, root: Path, client: httpx2.Client, credentials: Mapping[str, Any], every_s: float) -> Listed:
    """Everything that a target's lists name now; DiscoveryError where one of them cannot be read."""
    made = Listed()
    for path in _paths(target, root):
        _take(made, target, _from_file(path), path.name)
    if target.http_sd:
        _take(made, target, _from_http(target.http_sd, client, credentials, every_s), target.http_sd)
    return made


def _paths(target: Target, root: Path) -> Iterator[Path]:
    """The files, in order; a pattern that fits none is a list that is not there."""
    for text in target.file_sd:
        path = root / text
        several = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
        if not several:
            raise DiscoveryError(f"{text}: no such file")
        yield from several


def _from_file(path: Path) -> object:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DiscoveryError(f"{path.name}: cannot be read ({error.strerror})") from error
    if len(raw) > MOST_BYTES:
        raise DiscoveryError(f"{path.name}: more than {MOST_BYTES // 1024**2} MiB")
    return _json(raw.decode("utf-8-sig", "replace"), path.name)


def _from_http(url: str, client: httpx2.Client, credentials: Mapping[str, Any], every_s: float) -> object:
    more = {"Accept": "application/json", "X-Prometheus-Refresh-Interval-Seconds": f"{every_s:g}"}
    headers = {**credentials.get("headers", {}), **more}
    try:
        fetched = fetch.fetch(client, url, {**credentials, "headers": headers})
    except fetch.FetchError as error:
        raise DiscoveryError(str(error)) from error
    return _json(fetched.text, "the answer")


def _json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        yaml = "; a list in YAML is not read: write it as JSON" if text.lstrip().startswith("-") else ""
        raise DiscoveryError(f"{name}: is not JSON ({shown(error)}){yaml}") from error


def _take(made: Listed, target: Target, groups: object, origin: str) -> None:
    """Adds the addresses of one list."""
    if not isinstance(groups, list):
        raise DiscoveryError(f'{origin}: is not a list of {{"targets": [...], "labels": {{...}}}}')
    for group in cast("Sequence[object]", groups):
        parts = _parts(group)
        if parts is None:
            made.refused.append(f"{origin}: {shown(group)} is not a group of targets")
            continue
        for host in parts[0]:
            if len(made.found) >= MOST_TARGETS:
                raise DiscoveryError(f"{origin}: more than {MOST_TARGETS:,} targets")
            _add(made, target, host, parts[1])


def _parts(group: object) -> tuple[Sequence[object], dict[str, str]] | None:
    """(targets, labels) of one group; None where it is none."""
    if not isinstance(group, dict):
        return None
    known = cast("Mapping[str, object]", group)
    hosts, labels = known.get("targets"), known.get("labels")
    if not isinstance(hosts, list) or not isinstance(labels, dict | None):
        return None
    given = cast("Mapping[object, object]", labels or {})
    return cast("Sequence[object]", hosts), {str(name): str(value) for name, value in given.items()}


def _add(made: Listed, target: Target, host: object, labels: Mapping[str, str]) -> None:
    if not isinstance(host, str) or not host or _NOT_SO.search(host):
        made.refused.append(f"{shown(host)} is not host:port")
        return
    scheme, path = labels.get("__scheme__", target.scheme), labels.get("__metrics_path__", target.path)
    asked = {name.removeprefix("__param_"): value for name, value in labels.items() if name.startswith("__param_")}
    try:
        url = address(f"{scheme}://{host}{path}{'?' + urlencode(asked) if asked else ''}")
    except ValueError as error:
        made.refused.append(f"{shown(host)} {error}")
        return
    made.found.setdefault(url, Found(url, labels))
