"""What a daily report weighs and how long drawing it takes, for fleets of 5, 48, 500 and 2,000 resources.

python benchmarks/report_speed.py [--most 2000]
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from plimsoll.project import builtin_root
from plimsoll.publish.render import html
from plimsoll.publish.render.mail import compose
from plimsoll.publish.views.report_input import Made
from plimsoll.publish.views.view import view
from plimsoll.queries.report import report
from plimsoll.simulator import Fleet
from tests.reports import lake_of, sources_of

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)
BUDGET = {5: 150_000, 48: 150_000, 500: 1_000_000, 2000: 3_000_000}


def main() -> None:
    """Prints the table; drawing is everything after the documents are made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=2000)
    most = parser.parse_args().most
    folders = [builtin_root() / "reports" / "templates"]
    print("resources  page bytes  of budget  mail bytes  drawing CPU s")
    for count, budget in BUDGET.items():
        if count > most:
            continue
        with tempfile.TemporaryDirectory() as name:
            fleet = Fleet.build(resources=count, days=2, until=UNTIL, interval_s=300, devices=False)
            sources = sources_of(lake_of(fleet, Path(name) / "lake"))
            made = report(replace(sources, as_of=UNTIL), Made(version="0", at=UNTIL, generation="1"))
        spent: list[float] = []
        page, mailed = b"", ""
        for _ in range(3):
            before = time.process_time()
            drawn = view(made, document_sha256="0" * 64)
            page = html.render(drawn, "daily.html.j2", folders=folders)
            spent.append(time.process_time() - before)
            mailed = compose(
                drawn, end=UNTIL, role="operations", why="", link="https://x.example.org/", also=(), folders=folders
            ).html
        seconds = statistics.median(spent)
        print(f"{count:9,} {len(page):11,} {len(page) / budget:10.2f} {len(mailed.encode()):11,} {seconds:14.2f}")


if __name__ == "__main__":
    main()
