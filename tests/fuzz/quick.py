"""Doors that answer in microseconds: what is decided of a text or of bytes before anything is opened for them.

Each is the very function that stands first at its door; what comes after it is knocked at by the slower doors.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from plimsoll.api.access import _name as host_name  # pyright: ignore[reportPrivateUsage]
from plimsoll.api.parameters import performance_query
from plimsoll.api.tokens import Token, Tokens
from plimsoll.collectors.prometheus.exposition import parse
from plimsoll.collectors.prometheus.fetch import FetchError
from plimsoll.collectors.prometheus.mapping import load as mapping_table
from plimsoll.collectors.slurm.answers import jobs, nodes
from plimsoll.config import Layer, load
from plimsoll.lake.format.encoding import streaming
from plimsoll.lake.format.framing import END, framed
from plimsoll.lake.format.manifest import day_of
from plimsoll.lake.format.segments import Segment
from plimsoll.lake.sql import _one_query as one_query  # pyright: ignore[reportPrivateUsage]
from plimsoll.project import sections
from plimsoll.schedule.schedules import parse as schedule
from tests.shared import ROOT
from tests.strangers import frame, named


@dataclass(frozen=True, slots=True)
class Quick:
    """A door: what it is given, whole inputs of it, and which exceptions its caller expects beside ours."""

    knock: Callable[[bytes], object]
    wholes: Sequence[bytes]
    expected: tuple[type[Exception], ...] = ()


_SQL: Final = (
    b"select count(*) from samples where ts > now() - interval 1 day group by resource_id",
    b"with a as (select 1) select * from a union all values (2)", b"explain select * from samples", b"describe samples",
    b"explain analyze select 1", b"copy (select 1) to '/tmp/x'", b"from samples select avg(cpu_utilization_pct)",
    b"attach '/tmp/x' as y; select 1", b"set memory_limit = '1GB'", b"pragma database_list", b"show tables",
    b"insert into samples values (1)", b"select read_text('/etc/passwd')", b"summarize samples; drop table samples",
)  # fmt: skip
_CONFIG: Final = (
    b'[plimsoll]\nname = "x"\n[collect]\nevery = "30s"\n[lines.cpu]\nmetric = "cpu_utilization_pct"\nabove = 90\n',
    b'[targets.a]\nurls = ["http://h:9100/metrics"]\nmapping = "node"\n[silence]\nafter = "5m"\n',
    b'[mail]\nhost = "localhost"\nsender = "a@example.org"\n[recipients.x]\naddress = "b@example.org"\n',
    b'[notify.chat]\nkind = "slack"\nurl_env = "X"\nhosts = ["h"]\n[routes.n]\nto = ["chat"]\nhours = "22:00-06:00"\n',
)
_QUERIES: Final = (
    b"timeRange=7d&metrics[]=cpu_utilization", b"timeRange[start]=2026-01-01T00:00:00Z&timeRange[end]=2026-01-02",
    b"granularity=5m&resourceIds=mars-1&aggregation=p95&limit=10&cursor=abc", b"regions=east&resource=all&timeRange=1h",
)  # fmt: skip
_EXPOSITIONS: Final = (
    b'# TYPE node_load1 gauge\nnode_load1 1.5\nnode_cpu_seconds_total{cpu="0",mode="idle"} 5 1700000000000\n',
    b"# HELP node_memory_MemTotal_bytes x\nnode_memory_MemTotal_bytes 1.6e10\nnode_memory_MemAvailable_bytes 4e9\n",
    b'x_bucket{le="+Inf"} 3\nx_sum 1\nx_count 3\n{"node_load1"} 2\n', b"node_load1 NaN\nnode_load1 +Inf\n# EOF\n",
)  # fmt: skip
_SLURM: Final = (
    b'{"jobs": [{"job_id": 1, "tres_req_str": "gres/gpu=4", "job_state": ["RUNNING"], "start_time": 17}]}',
    b'{"nodes": [{"name": "n1", "gres": "gpu:a100:4(S:0-1)", "gres_used": "gpu:2", "state": ["IDLE"]}]}',
)
_SCHEDULES: Final = (
    b"cron */5 7-9 * jan,feb mon-fri",
    b"daily 07:00",
    b"every 90s",
    b"weekly mon 06:30",
    b"hourly :05",
)
_HOSTS: Final = (b"localhost:8080", b"[::1]:99", b"fleet.example.org", b"127.0.0.1:1@evil.example")


def quick() -> Mapping[str, Quick]:
    """Every quick door."""
    import duckdb

    table, kinds, known = mapping_table("node"), sections(), [Token("a", "0" * 64, (), "")]
    connection = duckdb.connect(":memory:")
    given = frame("a", 20)
    streams = [streaming(given), streaming(given, "zstd"), END]
    names = [named(given, one).encode() for one in streams[:2]] + [b"d-2026-01-16-0123456789abcdef.parquet"]
    recorded = sorted((ROOT / "tests" / "recorded" / "slurm").glob("*.json"))
    answers = [*(path.read_bytes()[:3_000] for path in recorded), *_SLURM]

    def text(data: bytes) -> str:
        return data.decode("utf-8", "replace")

    def slurm(data: bytes) -> None:
        answer = json.loads(data)
        if isinstance(answer, dict):
            jobs(answer)  # pyright: ignore[reportUnknownArgumentType]
            nodes(answer)  # pyright: ignore[reportUnknownArgumentType]

    def name(data: bytes) -> None:
        found = Segment.parse(text(data))
        assert found is None or Segment.parse(found.name) == found
        day_of(text(data))

    def host(data: bytes) -> None:
        found = host_name(data.decode("latin-1"))
        assert "@" not in found
        assert "/" not in found

    return {
        "q-question": Quick(lambda data: performance_query(data, ["mars-1"]).within_budget(100), _QUERIES),
        "q-exposition": Quick(
            lambda data: parse(text(data), "", table.wanted),
            _EXPOSITIONS,
            (FetchError, ValueError, KeyError, TypeError),
        ),
        "q-config": Quick(lambda data: load([Layer("config.toml", text(data))], kinds), _CONFIG),
        "q-frame": Quick(framed, streams),
        "q-name": Quick(name, names),
        "q-slurm": Quick(slurm, answers, (json.JSONDecodeError, UnicodeDecodeError, RecursionError)),
        "q-sql": Quick(lambda data: one_query(connection, text(data)), _SQL, (duckdb.Error,)),
        "q-token": Quick(lambda data: Tokens.match(known, data), [b"Bearer plm_" + b"x" * 43]),
        "q-host": Quick(host, _HOSTS),
        "q-schedule": Quick(lambda data: schedule(text(data)), _SCHEDULES),
    }
