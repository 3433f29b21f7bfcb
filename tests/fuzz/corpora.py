"""The words that each door knows, and nonsense to stand between them."""

import random
from typing import Final

NOTHING: Final = ("", "\0", "\r", "\n", "\ufeff", "\u202e", "-", "0", "1e999", "NaN", '"', "'", "\\", "{", "}", "[")
EXPOSITION: Final = (
    "node_load1 1.5\n", "# TYPE node_load1 gauge\n", "# EOF\n", "node_memory_MemTotal_bytes", "{", 'a="b"', ",", "}",
    " 1", " 17e17", "\n", "node_cpu_seconds_total", '{cpu="0",mode="idle"} 5\n', "_bucket", 'le="+Inf"', "# HELP x ",
)  # fmt: skip
CONFIG: Final = (
    "[collect]\n", "every = ", '"30s"\n', "[lines.cpu]\n", 'metric = "cpu_utilization_pct"\n', "above = ", "90\n",
    "nan\n",
    "[targets.a]\n", 'urls = ["http://x/"]\n', "[[collect]]\n", "collect = 3\n", "1979-05-27\n", "{ a = 1 }\n", "# x\n",
    "[silence]\n", 'after = "1m"\n', "[rules]\n", "gpu_idle = { idle_pct = 3 }\n", "'''", '"""',
)  # fmt: skip
QUERY: Final = (
    "timeRange=", "1h", "7d", "&", "granularity=", "10s", "metrics=", "metrics[]=", "cpu_utilization", "%", "%00",
    "%ff",
    "resourceIds=", "limit=", "3", "cursor=", "regions=", "=", "+", "resource=all", "aggregation=p95", "&&",
)  # fmt: skip
CSV: Final = (
    "at,host,cpu\n", "2026-05-01 10:00:00", ",", "a", "0.5\n", '"', '"x\ny"', ";", "\t", "\r\n", "2026-13-01", "-1\n",
    "2026-05-01T10:00:00Z,b,0.25\n", "٣", "1_000",
)  # fmt: skip
SQL: Final = (
    "select ", "* ", "from ", "samples ", "where ", "1=1 ", ";", "copy ", "to ", "'/tmp/x' ", "explain ", "analyze ",
    "with a as (", ")", "values (1) ", "set ", "pragma ", "read_csv('/etc/passwd') ", "getenv('HOME') ", "--",
    "insert into samples ", "create table t as ", "count(*) ", "install httpfs ", "describe ", "$1 ", "call ", "union ",
)  # fmt: skip
SLURM: Final = (
    '{"jobs": [', '{"job_id": 1', ', "tres_req_str": "gres/gpu:a=', "9" * 30, '"', "}", "]}", '"nodes": [', "null",
    '{"name": "n1", "gres": "gpu:4"', ', "state": ["IDLE"]', "1e999", "true", "[[[[", '"\\ud83d"', ', "start_time": ',
)  # fmt: skip


def drawn(words: tuple[str, ...], chance: random.Random) -> str:
    """Words of a door, nonsense between them, in any order."""
    parts: list[str] = []
    for _ in range(chance.randrange(15)):
        mood = chance.random()
        if mood < 0.6:
            parts.append(chance.choice(words))
        elif mood < 0.8:
            parts.append(chance.choice(NOTHING))
        else:
            parts.append("".join(chr(_letter(chance)) for _ in range(chance.randrange(7))))
    return "".join(parts)


def _letter(chance: random.Random) -> int:
    number = chance.choice((0x80, 0x300, 0x3000, 0x11_0000))
    found = chance.randrange(number)
    return found if not 0xD800 <= found <= 0xDFFF else 0x202E


def torn(whole: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut or repeated at random."""
    data = bytearray(whole)
    for _ in range(chance.randrange(1, 5)):
        data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
    if chance.random() < 0.2:
        data = data[: chance.randrange(len(data))] + data[chance.randrange(len(data)) :]
    return bytes(data)
