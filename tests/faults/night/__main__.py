"""`make night`: everything at once for as long as you like, and what was lost, doubled, or broke.

python -m tests.faults.night --minutes N [--seed S] [--folder DIR]: the whole program is killed at random moments, while
exporters flap and drip, the mail server loses answers, the disk (a small one where this is root) fills up, the clock
jumps (where libfaketime is), runs have little memory, one host ships and a stranger says anything at the door.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from plimsoll.api.tokens import Tokens
from tests.faults.night import project
from tests.faults.night.doors import HOST, Shipper, Stranger
from tests.faults.night.exporters import bad_exporters
from tests.faults.night.post import bad_post
from tests.faults.night.program import LIVES_S, Program

_LOOK_EVERY = 10
_SMALL_DISK = "900m"


def night(folder: Path, seconds: float, seed: int, *, brisk: bool = False) -> tuple[list[str], bool]:
    """The lines of the table, and whether nothing was wrong."""
    root, notes = folder / "disk" / "project", folder / "notes"
    program = Program(root, random.Random(seed), LIVES_S[:2] if brisk else LIVES_S)
    with bad_exporters() as exporters, bad_post(seed) as post:
        project.made(root, notes, post=post.port, exporters=exporters)
        token = Tokens(root / "data" / "tokens.json").new("night", (f"ship:{HOST}",), datetime.now(UTC))
        shipper, stranger = Shipper(token), Stranger(token, seed)
        shipper.start()
        stranger.start()
        began, lives = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            program.life(post.port, exporters)
            lives += 1
            if lives % _LOOK_EVERY == 0:
                program.counts["unreadable"] += not program.readable()
                rows = program.rows(notes, shipper.acknowledged)
                sys.stdout.write(f"{time.monotonic() - began:.0f} s {dict(program.counts)} {rows}\n")
                sys.stdout.flush()
        for thread in (shipper, stranger):
            thread.over.set()
            thread.join(40)
        rows, letters = program.rows(notes, shipper.acknowledged), program.outbox()
        twice, bugs, windows = post.twice(), program.bugs(), program.windows_twice()
    temporary = [path for path in (root / "data").rglob(".tmp*") if path.is_file()]
    size = sum(path.stat().st_size for path in (root / "data" / "lake").rglob("*") if path.is_file())
    lines = [
        f"seed {seed}, {seconds / 60:.0f} min, {lives} lives: {dict(sorted(program.counts.items()))}",
        f"rows: {rows}; windows made twice: {windows}; unreadable: {program.counts['unreadable']}",
        f"mail: {len(project.noted(notes, 'queued'))} queued, {len(post.accepted)} accepted; {letters}",
        f"mail accepted again as the marked retry: {post.retried()}",
        f"mail accepted again unmarked, or a third time: {len(twice)} {twice[:3]}",
        f"segments: {dict(Counter(str(k) for k in shipper.answers.elements()))}",
        f"strangers: {dict(sorted(stranger.answers.items()))}",
        f"answers of 500: {len(stranger.broken)} {stranger.broken[:2]}",
        f"crashes (tracebacks, bugs in the log): {bugs}; lake {size / 1e6:.1f} MB, left-over files: {len(temporary)}",
        *program.said,
    ]
    bad = rows["lost"] + rows["doubled"] + len(twice) + windows + bugs + len(stranger.broken)
    return lines, not (bad + program.counts["unreadable"] + program.counts["outlived it by 15 s"])


def main() -> None:
    """The command; as root in namespaces of its own: one port, a small disk, gone when it ends."""
    parser = argparse.ArgumentParser(prog="make night", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--brisk", action="store_true", help="no life is longer than 15 s: more kills in the time")
    parser.add_argument("--folder", type=Path, help="where it is to happen; absent: a temporary folder")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if os.geteuid() == 0 and not given.inside:
        words = [sys.executable, "-m", "tests.faults.night", *sys.argv[1:], "--inside"]
        os.execvp("unshare", ["unshare", "--net", "--mount", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *words])  # noqa: S606
    with tempfile.TemporaryDirectory(prefix="plimsoll-night-") as temporary:
        folder = given.folder or Path(temporary)
        (folder / "disk").mkdir(parents=True, exist_ok=True)
        if given.inside:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "tmpfs", folder / "disk"], check=True)
        try:
            lines, well = night(folder, 60 * given.minutes, given.seed, brisk=given.brisk)
        finally:
            if given.inside:
                subprocess.run(["umount", "--lazy", folder / "disk"], check=False)
    sys.stdout.write("\n".join(lines) + "\n")
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
