"""What it costs to be there: the start of commands, and `up` with one resource and nothing to do.

    PYTHONPATH=. python benchmarks/start_and_idle.py [--minutes 3]

CPU is that of the whole tree of processes, also of those that have ended; memory is what the living ones hold of their
own and their share of what is shared (PSS), and the sum of their resident sets (RSS). The first minute is left out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from plimsoll.cli.project import make_project

PLIMSOLL: Final = (sys.executable, "-m", "plimsoll")
TICKS: Final = os.sysconf("SC_CLK_TCK")
ASKED: Final = {"up --collect-only": (60, 0.5), "up": (0, 0.0), "up --serve": (160, 1.0)}


def main() -> None:
    """Prints one line a command: CPU seconds and wall of a start; MB and percent of a core of `up`."""
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=3.0)
    minutes = options.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "fleet"
        make_project(project)
        subprocess.run([*PLIMSOLL, "collect", "--for", "3s", "--project", str(project)], check=True)
        for words, asked in ((["--help"], 0.25), (["status", "--project", str(project)], 0.5)):
            cpu, wall = median_start(words)
            print(f"{words[0]:<20} {cpu:6.2f} CPU s  {wall:6.2f} s      asked {asked} s")
        for name, words in running(Path(folder), project).items():
            percent, pss, rss = idle(words, minutes)
            most, least = ASKED[name]
            asked_for = f"      asked {most} MB, {least} %" if most else ""
            print(f"{name:<20} {percent:6.2f} % of a core  {pss:6.0f} MB PSS  {rss:6.0f} MB RSS{asked_for}", flush=True)


def running(folder: Path, project: Path) -> dict[str, list[str]]:
    """The three ways of `up`, each with its project."""
    spool = folder / "spool"
    make_project(spool, overrides='[plimsoll]\n\n[ship]\nto = "http://127.0.0.1:9"\n')
    return {
        "up --collect-only": ["up", "--collect-only", "--project", str(spool)],
        "up": ["up", "--project", str(project)],
        "up --serve": ["up", "--serve", "--port", "18411", "--project", str(project)],
    }


def median_start(words: Sequence[str]) -> tuple[float, float]:
    """(CPU seconds, wall seconds) of a command, the median of five."""
    found: list[tuple[float, float]] = []
    for _ in range(5):
        began, before = time.monotonic(), os.times()
        subprocess.run([*PLIMSOLL, *words], capture_output=True, check=False)
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        found.append((cpu, time.monotonic() - began))
    return median(cpu for cpu, _ in found), median(wall for _, wall in found)


def idle(words: Sequence[str], minutes: float) -> tuple[float, float, float]:
    """(percent of a core, MB of PSS, MB of RSS) of a lasting command, after its first minute."""
    process = subprocess.Popen([*PLIMSOLL, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(60)
        began, spent = time.monotonic(), cpu_s(process.pid)
        sizes: list[tuple[float, float]] = []
        while time.monotonic() - began < 60 * minutes:
            time.sleep(5)
            sizes.append((of_tree(process.pid, "Pss"), of_tree(process.pid, "Rss")))
        percent = 100 * (cpu_s(process.pid) - spent) / (time.monotonic() - began)
    finally:
        process.terminate()
        process.wait(20)
    return percent, median(pss for pss, _ in sizes), median(rss for _, rss in sizes)


def tree(pid: int) -> list[int]:
    """A process and all that it started and that still lives."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            found += tree(int(child))
    return found


def cpu_s(pid: int) -> float:
    """CPU seconds of a tree, those of its ended processes included."""
    total = 0
    for one in tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def of_tree(pid: int, what: str) -> float:
    """MB of a tree's memory; a process that ends while it is looked at counts nothing."""
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith(f"{what}:")), 0)
    return total / 1000


if __name__ == "__main__":
    main()
