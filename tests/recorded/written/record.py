"""Trims what a real program said to the families that are read, or nearly: SAID NAME "recorded by us: ...".

Nothing that names a machine is kept: information about its kernel, its hardware and its name is left out.
"""

import re
import sys
from pathlib import Path

from tests.payloads import FOLDER

KEPT = re.compile(
    r"(?:# TYPE )?(?:node_(?:cpu_seconds|boot_time|load|memory_Mem|disk_(?:read|writ|io_time)|"
    r"filesystem_(?!device_error)|"
    r"network_(?:rec|trans|up|speed)|netstat_Tcp_(?:Retrans|OutSegs)|scrape_collector_success|context_switches)|"
    r"probe_|ray_(?:node_(?!uname)|serve_|tasks))\w*"
)
_UNSAID = re.compile(r'(ip|NodeAddress|SessionName|instance|WorkerId|NodeId|JobId)="[^"]*"')


def main(said: str, name: str, origin: str) -> None:
    """Writes one recorded payload."""
    lines = [line for line in Path(said).read_text(encoding="utf-8").splitlines() if KEPT.match(line)]
    text = "\n".join(_UNSAID.sub(r'\1="x"', line) for line in lines)
    (FOLDER / name).write_text(f"# {origin}\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:4])
