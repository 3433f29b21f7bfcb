"""The grid of analyses, kept: the means of every quarter of an hour of a finished day, made once from its day file.

    quarters    ts, resource_id, device, and a column for each metric

A partition is named by the content of the day file that it was made of. Readings that come late give the day another
file: what was kept of it is used no more, and made again. Made again from the same file it is the same bytes.
"""

from datetime import date
from typing import TYPE_CHECKING, Final

from plimsoll.errors import LakeError
from plimsoll.lake.format.encoding import FrameBuffer
from plimsoll.lake.format.manifest import DayFile
from plimsoll.lake.maintain.rollup_days import partition
from plimsoll.lake.read.quarters import KIND, kept, of_readings
from plimsoll.lake.read.snapshot import Snapshot
from plimsoll.metrics import CATALOGUE
from plimsoll.tables import SAMPLES

if TYPE_CHECKING:
    import polars as pl

DAYS: Final = 35
"""How many finished days are kept: what is older is read from the readings themselves."""


def due(snapshot: Snapshot, today: date) -> list[tuple[str, DayFile]]:
    """Finished days that nothing is kept of as they are now, the newest first."""
    settled = kept(snapshot)
    waiting = {day.isoformat() for day in snapshot.days_with_open_segments(SAMPLES)}
    finished = [one for one in sorted(snapshot.manifest.of(SAMPLES.name).items()) if one[0] < today.isoformat()]
    newest = finished[-DAYS:][::-1]
    return [(day, file) for day, file in newest if day not in waiting and date.fromisoformat(day) not in settled]


def stale(snapshot: Snapshot) -> list[str]:
    """Partitions of which the day has another content now, or that are older than what is kept."""
    newest = sorted(snapshot.manifest.of(SAMPLES.name).items())[-DAYS - 1 :]
    wanted = {partition(file) for _, file in newest}
    return [name for name in snapshot.partitions(KIND) if name not in wanted]


def fill(snapshot: Snapshot, day: str, file: DayFile) -> FrameBuffer:
    """The quarters of one day, block by block of resources; LakeError where other rows were read than the file has."""
    found, read = FrameBuffer(), 0
    for readings in snapshot.blocks(SAMPLES, date.fromisoformat(day), ["ts", "resource_id", "device", *CATALOGUE]):
        found.add(_means(readings))
        read += readings.height
    if read != file.rows:
        raise LakeError(f"{SAMPLES.name} {day}: {read} of {file.rows} rows were read; its quarters are not kept")
    return found


def _means(readings: "pl.DataFrame") -> "pl.DataFrame":
    metrics = [name for name in readings.columns if name in CATALOGUE]
    return of_readings(readings.lazy(), metrics).sort("resource_id", "device", "ts").collect()
