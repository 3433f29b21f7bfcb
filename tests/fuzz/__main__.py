"""Millions of inputs through the doors, in this process: what broke, what was reached, and what memory grew.

python -m tests.fuzz --minutes N [--seed S] [--door NAME]: each door has its turn, for an equal time; an input that ends
in anything but an answer or one of our refusals is printed, once a kind, with the seed that makes it again. Doors whose
names begin with q- are the first step of the others by itself, thousands of times a second: --door q- for millions.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h11

from plimsoll.api.parameters import performance_query
from plimsoll.api.tokens import Tokens
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.mapper import Mapper
from plimsoll.collectors.prometheus.mapping import load as mapping_table
from plimsoll.collectors.slurm.answers import jobs, nodes
from plimsoll.config import Layer, load
from plimsoll.errors import PlimsollError
from plimsoll.importing.mapping import read_mapping
from plimsoll.importing.run import import_file
from plimsoll.lake import Lake
from plimsoll.lake.format.encoding import streaming
from plimsoll.lake.shared.ingest import ingest_segment
from plimsoll.lake.sql import Bounds, ask
from plimsoll.project import sections
from plimsoll.tables import SAMPLES
from tests.fuzz import corpora
from tests.fuzz.corpora import drawn, torn
from tests.fuzz.mutator import mutated
from tests.fuzz.quick import Quick, quick
from tests.strangers import NOW, frame, named, parquet

Knock = Callable[[random.Random], object]
_TURN_S = 5.0
_MAPPING = """time = { column = "at", zone = "UTC" }
resource = { column = "host", type = "cluster" }
[values]
cpu = { metric = "cpu_utilization_pct", unit = "ratio" }
"""


@dataclass
class Door:
    """One door: how it is knocked at, which exceptions its caller expects beside ours, and what came of it."""

    knock: Knock
    expected: tuple[type[Exception], ...] = ()
    answers: Counter[str] = field(default_factory=Counter[str])
    broken: dict[str, str] = field(default_factory=dict[str, str])
    grown_kb: list[int] = field(default_factory=list[int])

    def turn(self, seed: int, seconds: float) -> None:
        """For so long."""
        over, number, before = time.monotonic() + seconds, 0, _resident_kb()
        chance = random.Random()
        while number % 16 or time.monotonic() < over:
            number += 1
            key = f"{seed}/{number}"
            chance.seed(key)
            try:
                self.knock(chance)
                self.answers["taken"] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                refused = isinstance(error, (PlimsollError, *self.expected))
                self.answers["refused" if refused else "broken"] += 1
                if not refused:
                    self.broken.setdefault(f"{type(error).__name__}: {error}"[:160], key)
        self.grown_kb.append(_resident_kb() - before)


def doors(folder: Path) -> Mapping[str, Door]:
    """Every door, with a lake of its own where it needs one."""
    table, kinds = mapping_table("node"), sections()
    (folder / "map.toml").write_text(_MAPPING)
    mapping, lake = read_mapping(folder / "map.toml"), Lake(folder / "lake")
    keys = {"resource_id": "a", "device": "", "source": "t", "cpu_utilization_pct": 1.0}
    lake.append(SAMPLES, [{"ts": NOW - timedelta(minutes=1), **keys}], collector="t")
    given = frame("evil-1", 30, cpu_utilization_pct=3.0)
    wholes = {"arrows": streaming(given, "zstd"), "parquet": parquet(given)}
    tokens = Tokens(folder / "tokens.json")
    tokens.new("a", (), datetime.now(UTC))
    known = tokens.all()

    def exposition(chance: random.Random) -> None:
        read = Mapper(table, interval_s=30, resource_of=lambda _: "r")
        read.read(parse(drawn(corpora.EXPOSITION, chance), "", table.wanted), at_s=1.0, wall_s=1.7e9)

    def segment(chance: random.Random) -> None:
        form = chance.choice(("arrows", "arrows", "parquet"))
        data = torn(wholes[form], chance)
        name = named(given, data, format=form)
        into = Lake(folder / f"taken-{chance.randrange(4)}")
        ingest_segment(into, "samples", name, data, host="evil", resource_ids=(), now=NOW)

    def brought(chance: random.Random) -> None:
        path = folder / "x.csv"
        first = "at,host,cpu\n" if chance.random() < 0.5 else ""
        path.write_text(first + drawn(corpora.CSV, chance), "utf-8", "replace")
        import_file(Lake(folder / "imported"), path, mapping, now=NOW, most_refused=100)

    def slurm(chance: random.Random) -> None:
        answer = json.loads(drawn(corpora.SLURM, chance))
        if isinstance(answer, dict):
            jobs(answer)  # pyright: ignore[reportUnknownArgumentType]
            nodes(answer)  # pyright: ignore[reportUnknownArgumentType]

    def head(chance: random.Random) -> None:
        said = f"GET /?{drawn(corpora.QUERY, chance)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("utf-8", "replace")
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(torn(said, chance) if chance.random() < 0.5 else said)
        while not isinstance(connection.next_event(), type(h11.NEED_DATA) | h11.EndOfMessage):
            pass

    def query(chance: random.Random) -> None:
        raw = drawn(corpora.QUERY, chance).encode() if chance.random() < 0.8 else chance.randbytes(chance.randrange(60))
        performance_query(raw, ["mars-1"]).within_budget(100)

    return {
        "question": Door(query),
        "exposition": Door(exposition, (FetchError, ValueError, KeyError, TypeError)),
        "config": Door(lambda chance: load([Layer("config.toml", drawn(corpora.CONFIG, chance))], kinds)),
        "segment": Door(segment),
        "slurm": Door(slurm, (json.JSONDecodeError,)),
        "import": Door(brought),
        "sql": Door(lambda chance: ask(lake.snapshot(), drawn(corpora.SQL, chance), Bounds())),
        "token": Door(lambda chance: Tokens.match(known, chance.randbytes(chance.randrange(80)))),
        "head": Door(head, (h11.RemoteProtocolError,)),
    }


def quick_doors() -> Mapping[str, Door]:
    """The quick ones, at which changed whole inputs knock."""

    def door(one: Quick) -> Door:
        return Door(lambda chance: one.knock(mutated(one.wholes, chance)), one.expected)

    return {name: door(one) for name, one in quick().items()}


def _resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def line(name: str, door: Door) -> str:
    """What came of a door; growth is that of the later half of its turns, the first ones fill caches."""
    later = door.grown_kb[len(door.grown_kb) // 2 :]
    count = sum(door.answers.values())
    return f"{name:11} {count:9,} {dict(door.answers)} grew {sum(later)} kB in the last {len(later)} turns"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", default="", help="only doors whose name holds this")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plimsoll-fuzz-") as temporary:
        every = {**doors(Path(temporary)), **quick_doors()}
        found = {name: one for name, one in every.items() if options.door in name}
        over, turn = time.monotonic() + 60 * options.minutes, 0
        while time.monotonic() < over:
            turn += 1
            for number, door in enumerate(found.values()):
                door.turn(options.seed * 1_000_000 + 1_000 * turn + number, _TURN_S)
    for name, door in found.items():
        sys.stdout.write(line(name, door) + "\n")
        sys.stdout.writelines(f"  broken: {what} (seed {key})\n" for what, key in door.broken.items())
    together = sum(sum(door.answers.values()) for door in found.values())
    sys.stdout.write(f"together {together:,} inputs\n")
    raise SystemExit(any(door.broken for door in found.values()))


if __name__ == "__main__":
    main()
