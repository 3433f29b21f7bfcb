"""The corpus of payloads: read into samples, made to grow, and read three times as one target's."""

import re
from dataclasses import dataclass
from pathlib import Path

from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.look import Read
from plimsoll.collectors.prometheus.mapping import load
from plimsoll.collectors.prometheus.remarks import refuse_nothing, remarks
from tests.expositions import WALL_S, mapper

FOLDER = Path(__file__).parent / "recorded" / "expositions"
FILES = sorted(FOLDER.glob("*.prom"))
AFTER_S = 60.0
LINE = re.compile(r"^(?P<name>[\w:]+?)(?P<suffix>_bucket|_sum|_count)?(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
Numbers = dict[tuple[str, str], dict[str, float]]


@dataclass
class Row:
    """A sample; `kind` is its family's."""

    name: str
    suffix: str
    labels: dict[str, str]
    value: float
    kind: str

    def text(self) -> str:
        """Its line."""
        told = ",".join(f'{key}="{value}"' for key, value in self.labels.items())
        return f"{self.name}{self.suffix}{{{told}}} {self.value!r}"


def mapping_of(path: Path) -> str:
    """The mapping that a payload is read by: its name's first part."""
    return path.stem.partition("-")[0]


def rows(text: str) -> list[Row]:
    """The samples of a payload."""
    found: list[Row] = []
    kinds: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            kinds[name] = kind
        elif match := LINE.match(line):
            name, suffix = match["name"], match["suffix"] or ""
            if f"{name}{suffix}" in kinds:
                name, suffix = f"{name}{suffix}", ""
            labels = dict(re.findall(r'(\w+)="([^"]*)"', match["labels"] or ""))
            found.append(Row(name, suffix, labels, float(match["value"]), kinds.get(name, "untyped")))
    return found


def written(samples: list[Row], grown: float = 1.0) -> str:
    """The payload; counters and buckets have grown by a share."""
    families: dict[tuple[str, str], list[Row]] = {}
    for one in samples:
        # rates that an exporter types as counters do not grow; totals that it types as gauges do
        grows = one.kind in ("counter", "histogram") and "PROF_PCIE" not in one.name.upper()
        grows = grows or one.name.startswith("ray_serve_num")
        value = one.value * grown if grows else one.value
        families.setdefault((one.name, one.kind), []).append(Row(one.name, one.suffix, one.labels, value, one.kind))
    blocks = (
        "\n".join([f"# TYPE {name} {kind}", *(row.text() for row in ones)]) for (name, kind), ones in families.items()
    )
    return "\n".join(blocks) + "\n"


def third(mapping: str, before: list[Row], after: list[Row]) -> tuple[Numbers, Read, str]:
    """A reading after two others of one target, a minute each, and what is said of it.

    Counters have grown by a quarter of what they were at first.
    """
    one, table = mapper(mapping), load(mapping)
    for n in range(2):
        one.read(parse(written(before, 1 + n / 4), "", table.wanted), at_s=AFTER_S * n, wall_s=WALL_S + AFTER_S * n)
    exposition = parse(written(after, 1.5), "", table.wanted)
    read = one.read(exposition, at_s=2 * AFTER_S, wall_s=WALL_S + 2 * AFTER_S)
    try:
        refuse_nothing(mapping, exposition, read)
        said = remarks(mapping, table, exposition, read, None) or ""
    except FetchError as error:
        said = str(error)
    return read.readings, read, said
