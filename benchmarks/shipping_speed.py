"""What many collectors cost: bytes and seconds of a shipped segment, at the host, at a relay, at the owner's door.

    python benchmarks/shipping_speed.py [--hosts 500]

A simulated fleet gives each host's readings of a quarter of an hour, every 30 s, with its devices. In one run: an
append of one reading to a lake and to a spool, a pass of shipping to a folder, the owner's check of a shipped segment
(the whole path of a POST but HTTP), a relay that bundles the segments of all hosts, and the compaction of those.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from plimsoll.lake import Lake, Segment, Spool, host_slug
from plimsoll.lake.format.segments import describe
from plimsoll.lake.shared.ingest import ingest_segment
from plimsoll.lake.shared.spool import pieces
from plimsoll.simulator import Fleet
from plimsoll.tables import SAMPLES

UNTIL = datetime(2026, 1, 17, tzinfo=UTC)
MINUTES = (1, 5, 15)


def timed(action: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def by_host(hosts: int) -> dict[str, pl.DataFrame]:
    """The readings of the last quarter of an hour: of each host a row for itself and one for each of eight devices."""
    fleet = Fleet.build(resources=hosts, days=1, until=UNTIL, interval_s=30, devices=False)
    hour = fleet.day(fleet.dates()[-1]).filter(pl.col("ts") >= UNTIL - timedelta(minutes=15))
    devices = pl.DataFrame({"device": ["", *(f"gpu{n}" for n in range(8))]})
    day = hour.drop("device").join(devices, how="cross").select(hour.columns)
    chance = np.random.default_rng(11)
    lower = [pl.col(c) * pl.Series(chance.uniform(0.5, 1, day.height)) for c, t in day.schema.items() if t.is_float()]
    day = day.with_columns(column.round_sig_figs(4) for column in lower)
    return {str(key[0]): part for key, part in sorted(day.group_by("resource_id"), key=lambda part: str(part[0][0]))}


def at_the_host(root: Path, frames: dict[str, pl.DataFrame]) -> None:
    """An append here and into a spool; bytes of what is shipped, by how often it is."""
    name, whole = max(frames.items(), key=lambda pair: pair[1].height)
    readings = [part for _, part in sorted(whole.group_by("ts"), key=lambda pair: str(pair[0]))]
    lake, spool = Lake(root / "lake"), Spool(root / "spool", host=host_slug(name), most_bytes=10**10)
    plain: list[float] = []
    spooled: list[float] = []
    for part in readings:  # in turn, so that both see the same machine
        plain.append(timed(partial(lake.append, SAMPLES, part, collector="x")))
        spooled.append(timed(partial(spool.append, SAMPLES, part)))
    bundling = timed(lambda: list(spool.bundles()))
    out(f"host with {readings[0].height} rows a reading: append {1e3 * statistics.median(plain):.2f} ms here, ")
    ratio = statistics.median(spooled) / statistics.median(plain)
    out(f"{1e3 * statistics.median(spooled):.2f} ms into the spool ({ratio:.2f} x)\n")
    out(f"bundling {len(readings)} segments {1e3 * bundling:.1f} ms\n")
    for minutes in MINUTES:
        part = SAMPLES.check(whole.filter(pl.col("ts") >= UNTIL - timedelta(minutes=minutes)), complete=False)
        size = sum(len(data) for _, data, _ in pieces(part))
        out(f"shipped every {minutes:>2} min: {size / 1e3:.1f} kB, {size / minutes / 1e3:.1f} kB a minute and host\n")


def at_the_door(root: Path, frames: dict[str, pl.DataFrame]) -> None:
    """The owner's check, against an append of the same rows; then a relay; then compaction."""
    lake, other = Lake(root / "owner"), Lake(root / "other")
    segments: list[tuple[str, str, bytes, pl.DataFrame]] = []
    for number, (name, frame) in enumerate(frames.items()):
        part = SAMPLES.check(frame.filter(pl.col("ts") >= UNTIL - timedelta(minutes=1)), complete=False)
        ((_, data, form),) = pieces(part)
        host = host_slug(name)
        segments.append((host, describe(part, data, form, order=number + 1, collector=host).name, data, part))
    taking = timed(
        lambda: [ingest_segment(lake, "samples", n, d, host=h, resource_ids=(), now=UNTIL) for h, n, d, _ in segments]
    )
    appending = timed(lambda: [other.append(SAMPLES, part, collector="x") for *_, part in segments])
    count, rows = len(segments), sum(part.height for *_, part in segments)
    size = sum(len(data) for *_, data, _ in segments)
    out(f"door: {1e3 * taking / count:.2f} ms a segment ({count / taking:.0f}/s), ")
    out(f"{taking / appending:.2f} x an append\n")
    relay = Spool(root / "relay", host="relay", most_bytes=10**10)
    for _, name, data, _ in segments:
        segment = Segment.parse(name)
        assert segment is not None
        relay.accept(SAMPLES, segment, data)
    began = time.perf_counter()
    parts = [part for bundle in relay.bundles() for part in bundle.parts]
    bundling, shipped = time.perf_counter() - began, sum(len(data) for _, data in parts)
    out(f"relay: {count} segments ({size / 1e6:.2f} MB) to {len(parts)} ({shipped / 1e6:.2f} MB) in {bundling:.2f} s\n")
    compacting = timed(lambda: lake.compact(now=UNTIL))
    out(f"compaction: {count} segments, {rows} rows in {compacting:.2f} s ({count / compacting:.0f} segments/s)\n")


def main() -> None:
    """Prints sizes, times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=500)
    frames = by_host(parser.parse_args().hosts)
    out(f"## {len(frames)} hosts, readings every 30 s, nine rows each\n")
    with tempfile.TemporaryDirectory(prefix="plimsoll-") as scratch:
        at_the_host(Path(scratch), frames)
        at_the_door(Path(scratch), frames)


out = sys.stdout.write

if __name__ == "__main__":
    main()
