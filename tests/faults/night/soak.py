"""`plimsoll up --serve` for hours under names that churn: memory, descriptors and threads, with their slopes.

python -m tests.faults.night.soak --minutes 120 --folder DIR: the program runs in a network of its own where that is
possible (root), since `up --serve` has one port; every look stands in DIR/looks.ndjson.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.faults.night import project
from tests.faults.night.exporters import bad_exporters, targets
from tests.faults.night.post import bad_post

PORT: Final = 8080
EVERY_S: Final = 15.0
WARM: Final = 0.2
"""The part at the beginning in which caches fill; slopes are of what comes after it."""
ASKED: Final = (
    "/", "/reports", "/metrics", "/healthz", "/openapi.json", "/feeds/alerts.ndjson", "/v2/monitoring/performance?x=1",
    "/v2/monitoring/performance?timeRange=5m", "/v2/monitoring/performance?timeRange=1h&granularity=5m&resourceIds={n}",
    "/v2/monitoring/performance/anomalies", "/v2/monitoring/performance/optimization?timeRange=1h",
)  # fmt: skip
CONFIG: Final = """[plimsoll]
name = "soak"
[collect]
every = "5s"
names_per_target = 2_000
[mail]
host = "127.0.0.1"
port = {post}
security = "none"
sender = "plimsoll@example.org"
[recipients.all]
address = "ops@example.org"
"""


def tree(pid: int) -> list[int]:
    """A process and everything below it."""
    found, parents = [pid], defaultdict[int, list[int]](list)
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(one.read_text().rpartition(")")[2].split()[1])].append(int(one.parent.name))
        except (OSError, ValueError):
            continue
    for each in found:
        found += parents[each]
    return found


def look(pid: int) -> tuple[str, dict[str, float]] | None:
    """What a process is, and what it has: MB of memory, descriptors, threads; None where it has gone."""
    root = Path("/proc") / str(pid)
    try:
        words = (root / "cmdline").read_bytes().decode(errors="replace").split("\0")
        told = dict(line.split(":", 1) for line in (root / "status").read_text().splitlines() if ":" in line)
        has = {
            "rss_mb": int(told["VmRSS"].split()[0]) / 1024,
            "fds": float(len(list((root / "fd").iterdir()))),
            "threads": float(told["Threads"]),
        }
    except (OSError, KeyError, ValueError):
        return None
    kind = next((one for one in ("steps", "serve", "up") if one in words), "")
    if "resource_tracker" in " ".join(words):
        return None
    return (kind or ("answering" if "spawn_main" in " ".join(words) else "other")), has


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much a value grows an hour, by least squares; points are (seconds, value)."""
    if len(points) < 3:
        return float("nan")
    mean_x, mean_y = (sum(column) / len(points) for column in zip(*points, strict=True))
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    under = sum((x - mean_x) ** 2 for x, _ in points)
    return 3600 * over / under if under else float("nan")


class Load(threading.Thread):
    """Asks all the time, and counts the answers."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.answers: Counter[str] = Counter()
        self.over = threading.Event()

    def run(self) -> None:
        """Until it is over."""
        chance = random.Random(1)
        while not self.over.wait(0.5):
            path = chance.choice(ASKED).replace("{n}", str(chance.randrange(10**6)))
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=60) as answer:
                    answer.read()
                    self.answers[str(answer.status)] += 1
            except urllib.error.HTTPError as error:
                self.answers[str(error.code)] += 1
            except (OSError, ValueError) as error:
                self.answers[type(error).__name__] += 1


def soak(root: Path, seconds: float) -> list[str]:
    """Runs it, and gives the lines of the table."""
    root.mkdir(parents=True, exist_ok=True)
    looks: dict[tuple[int, str], list[tuple[float, dict[str, float]]]] = defaultdict(list)
    with bad_exporters() as exporters, bad_post(1) as post, (root / "up.log").open("ab") as log:
        (root / "config.toml").write_text(CONFIG.format(post=post.port) + targets(exporters))
        project.letters(root, root / "notes")
        command = [sys.executable, "-m", "plimsoll", "up", "--serve", "--project", str(root)]
        with subprocess.Popen(command, stdout=log, stderr=log) as up:
            load, began = Load(), time.monotonic()
            load.start()
            while (at := time.monotonic() - began) < seconds and up.poll() is None:
                for pid in tree(up.pid):
                    if (seen := look(pid)) and seen[0] != "other":
                        looks[(pid, seen[0])].append((at, seen[1]))
                        with (root / "looks.ndjson").open("a") as out:
                            out.write(json.dumps({"s": round(at), "pid": pid, "is": seen[0], **seen[1]}) + "\n")
                time.sleep(EVERY_S)
            load.over.set()
            asked, code = time.monotonic(), up.poll()
            up.terminate()
            ended = up.wait(30)
            took = time.monotonic() - asked
    lines = [f"{seconds / 60:.0f} min; answers {dict(sorted(load.answers.items()))}"]
    queued = len(project.noted(root / "notes", "queued"))
    mails = f"mails {queued} queued, {len(post.accepted)} accepted, {post.retried()} of them marked retries"
    lines.append(f"{mails}, {len(post.twice())} unmarked twice")
    lines.append(f"up ended {'by itself ' if code is not None else ''}with {ended} in {took:.1f} s")
    return lines + [line for key, seen in sorted(looks.items()) for line in _line(key, seen, seconds)]


def _line(key: tuple[int, str], seen: Sequence[tuple[float, dict[str, float]]], seconds: float) -> list[str]:
    """First, last and highest of a process that lived at least a tenth of the time, and its slopes an hour."""
    warm = [(at, has) for at, has in seen if at >= seen[0][0] + WARM * (seen[-1][0] - seen[0][0])]
    if seen[-1][0] - seen[0][0] < seconds / 10:
        return []
    parts = [
        f"{what} {seen[0][1][what]:.0f} .. {seen[-1][1][what]:.0f} (most {max(has[what] for _, has in seen):.0f},"
        f" {slope([(at, has[what]) for at, has in warm]):+.2f}/h)"
        for what in ("rss_mb", "fds", "threads")
    ]
    return [f"{key[1]:10} {key[0]:7} {(seen[-1][0] - seen[0][0]) / 60:4.0f} min  {'  '.join(parts)}"]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.night.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if os.geteuid() == 0 and not given.inside:
        words = [sys.executable, "-m", "tests.faults.night.soak", *sys.argv[1:], "--inside"]
        os.execvp("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *words])  # noqa: S606
    sys.stdout.write("\n".join(soak(given.folder / "project", 60 * given.minutes)) + "\n")


if __name__ == "__main__":
    main()
