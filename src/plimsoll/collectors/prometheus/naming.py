"""Whose readings they are: a resource's id out of a template, the target's address and a sample's labels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

FIELD: Final = re.compile(r"\{(\w+)\}")
LONGEST_ID: Final = 512
_OWN: Final = ("name", "host", "port")


@dataclass(slots=True)
class ResourceIdTemplate:
    """The resource's id of a sample: the template's fields are the target's, then the sample's labels.

    `given` are labels that a list of targets gives this one.

    A label whose value has control characters, or an id of more than 512 letters, names nothing: no question could.
    """

    name: str
    url: str
    template: str
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    refused: set[str] = field(default_factory=set[str])
    _fields: tuple[str, ...] = ()
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _whole: str | None = None

    def __post_init__(self) -> None:
        host, port = place(self.url)
        known = {**self.given, "name": self.name, "host": host, "port": port}
        self._fields = tuple(FIELD.findall(self.template))
        self._known = {key: value for key, value in known.items() if value}
        if all(name in self._known for name in self._fields):
            named = self._filled(self._known)
            self._whole = named if len(named) <= LONGEST_ID and named.isprintable() else None

    @property
    def labels(self) -> frozenset[str]:
        """The labels that resources are named by."""
        return frozenset(name for name in self._fields if name not in self._known)

    def __call__(self, labels: Mapping[str, str]) -> str | None:
        """None where a label is missing or cannot be a name."""
        if self._whole is not None:
            return self._whole
        values = {key: self._known.get(key) or labels.get(key, "") for key in self._fields}
        if not all(values.values()):
            return None
        named = self._filled(values)
        if len(named) > LONGEST_ID or not named.isprintable():
            self.refused.add(named[:LONGEST_ID])
            return None
        return named

    def _filled(self, values: Mapping[str, str]) -> str:
        return FIELD.sub(lambda match: values[match[1]], self.template)


def place(address: str) -> tuple[str, str]:
    """(host, port) of an address, or of an instance as a server of metrics names it.

    >>> place("http://gpu-01:9400/metrics"), place("gpu-01:9400"), place("[fe80::1]:9100"), place("gpu-01")
    (('gpu-01', '9400'), ('gpu-01', '9400'), ('fe80::1', '9100'), ('gpu-01', ''))
    """
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        return parts.hostname or "", str(parts.port or "")
    except ValueError:
        return parts.hostname or "", ""
