"""`make mutants`: changes one thing at a time in a copy of the tree, and counts how often a test notices.

python -m tests.mutation [--limit N] [--seed S] [--file PART]: a sample of N, the same for the same seed; of the files
whose path holds PART. A mutant that a test fails on, or that takes three times as long as the tests do, is caught.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.mutation.operators import Mutant, mutants
from tests.mutation.plan import PLAN
from tests.shared import ROOT

Verdict = Literal["caught", "survived", "no answer"]
_SLACK_S: Final = 30.0
_LONGEST_S: Final = 600.0
"""Tests that take longer without a mutant judge none: this machine has too much else to do."""
_USAGE: Final = 5
"""pytest's exit codes from here on, and 2 to 4: no test was run; the tests of the plan are then the fault."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A copy of the checkout that may be changed."""

    root: Path

    @classmethod
    def copied(cls, into: Path) -> "Tree":
        """What git knows, as it is now."""
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        for name in listed.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, into / name)
        return cls(into)

    def run(self, tests: Sequence[str], timeout_s: float, *, mutant: bool) -> tuple[int | None, float]:
        """Pytest's exit code (None: it took too long), and the seconds.

        Bytecode is kept where nothing was changed: a mutant may have the size and the second of another one.
        """
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", *tests]
        paths = os.pathsep.join((str(self.root / "src"), str(self.root)))
        more = {"PYTHONPATH": paths, "HYPOTHESIS_STORAGE_DIRECTORY": str(self.root)}
        more |= {"PYTHONDONTWRITEBYTECODE": "1"} if mutant else {}
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=os.environ | more,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as running:
            try:
                return running.wait(timeout_s), time.monotonic() - began
            except subprocess.TimeoutExpired:
                return None, time.monotonic() - began
            finally:
                if running.poll() is None:
                    os.killpg(running.pid, 9)


def chosen(limit: int | None, seed: int, part: str, skip: int = 0) -> list[tuple[str, Mutant]]:
    """The sample, (file, mutant), in an order of chance: what was done of a run that was ended is a sample too.

    The first `skip` are left out: a run that was ended goes on.
    """
    every = [
        (file, one)
        for file in PLAN
        if part in file
        for one in mutants((ROOT / "src" / "plimsoll" / file).read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(every, min(limit or len(every), len(every)))[skip:]


def judged(tree: Tree, sample: Sequence[tuple[str, Mutant]]) -> Iterator[tuple[str, Mutant, Verdict]]:
    """Each mutant with what became of it; a file whose tests fail without a change ends the run."""
    limits: dict[str, float] = {}
    for file, one in sample:
        if file not in limits:
            code, took = tree.run(PLAN[file], _LONGEST_S, mutant=False)
            if code:
                raise SystemExit(f"{file}: its tests fail without a mutant (pytest {code}); mend them first")
            limits[file] = 3 * took + _SLACK_S if code == 0 else 0.0
        if not limits[file]:
            yield file, one, "no answer"
            continue
        path = tree.root / "src" / "plimsoll" / file
        before = path.read_text(encoding="utf-8")
        path.write_text(one.text, encoding="utf-8")
        try:
            code, _ = tree.run(PLAN[file], limits[file], mutant=True)
        finally:
            path.write_text(before, encoding="utf-8")
        verdict: Verdict = "survived" if code == 0 else "no answer" if code is not None and code >= _USAGE else "caught"
        yield file, one, verdict


def score(results: Sequence[tuple[str, Mutant, Verdict]]) -> str:
    """A line a file: caught of all, and the survivors below."""
    lines: list[str] = []
    for file in (file for file in PLAN if any(file == name for name, _, _ in results)):
        mine = [verdict for name, _, verdict in results if name == file]
        lines.append(f"{file:34} {mine.count('caught'):3} of {len(mine):3}")
    caught = sum(verdict == "caught" for _, _, verdict in results)
    lines.append(f"{'together':34} {caught:3} of {len(results):3}  {100 * caught / max(1, len(results)):.0f} %")
    lines += [f"{v}: {f}:{m.line} {m.operator}: {m.words}" for f, m, v in results if v != "caught"]
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--limit", type=int, help="so many mutants, chosen by the seed; absent: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip", type=int, default=0, help="leave out the first so many of the sample")
    parser.add_argument("--file", default="", help="only files whose path holds this")
    options = parser.parse_args()
    sample = chosen(options.limit, options.seed, options.file, options.skip)
    sys.stdout.write(f"{len(sample)} mutants\n")
    results: list[tuple[str, Mutant, Verdict]] = []
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="plimsoll-mutants-") as folder:
        for file, one, verdict in judged(Tree.copied(Path(folder)), sample):
            results.append((file, one, verdict))
            sys.stdout.write(f"{verdict:9} {file}:{one.line} {one.operator}: {one.words}\n")
            sys.stdout.flush()
    sys.stdout.write(score(results) + "\n")


if __name__ == "__main__":
    main()
