"""One file into the lake: block by block, only what is new, within an error budget."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from plimsoll.errors import UsageError
from plimsoll.importing.converting import Converted, convert
from plimsoll.importing.delimited import Block, Dialect
from plimsoll.importing.mapping import FileMapping
from plimsoll.importing.reading import blocks, format_of
from plimsoll.importing.whole import whole
from plimsoll.lake import Lake
from plimsoll.tables import RESOURCES, SAMPLES

COLLECTOR = "import"
_STEPS = 1000
_USUAL = 0.9
_MOST_REASONS = 100


@dataclass(slots=True)
class Imported:
    """What came of a file: each row is counted once, as one of these.

    New or known to the lake, refused, empty (no value), repeated (its instant comes again in the file: the last one
    counts), or unmapped (nothing in it is looked for). `cells` counts single cells that were refused of rows that came
    in, `contradicting` readings that differ from another of the same instant; `reasons` are the first hundred of rows
    and cells.
    """

    rows: int = 0
    new: int = 0
    known: int = 0
    refused: int = 0
    empty: int = 0
    repeated: int = 0
    unmapped: int = 0
    cells: int = 0
    contradicting: int = 0
    reasons: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def __add__(self, other: "Imported") -> "Imported":
        return Imported(
            rows=self.rows + other.rows,
            new=self.new + other.new,
            known=self.known + other.known,
            refused=self.refused + other.refused,
            empty=self.empty + other.empty,
            repeated=self.repeated + other.repeated,
            unmapped=self.unmapped + other.unmapped,
            cells=self.cells + other.cells,
            contradicting=self.contradicting + other.contradicting,
            reasons=[*self.reasons, *other.reasons][:_MOST_REASONS],
        )


def of_parts(parts: Iterable[Imported]) -> Imported:
    """What came of a file that was read once for each of its parts: a row that some part took is not unmapped."""
    every = list(parts)
    done = sum(every, Imported())
    taken = done.rows - done.unmapped
    done.rows = max([taken, *(one.rows for one in every)])
    done.unmapped = done.rows - taken
    return done


def import_file(
    lake: Lake,
    path: Path,
    mapping: FileMapping,
    *,
    now: datetime,
    most_refused: int,
    on_progress: Callable[[int], None] = lambda _: None,
    given: Iterable[Block] | None = None,
) -> Imported:
    """Brings what is new of a file into the lake; doing it again brings nothing.

    Stops with an error once more rows are refused than may be; what was brought in before stays, and the same import
    goes on from there once the file is mended. `given` are blocks of the file that somebody has read already.
    """
    done = Imported()
    spans: dict[str, _Span] = {}
    dialect = Dialect(mapping.separator, mapping.comment, mapping.sections, mapping.aside)
    found = given or blocks(path, mapping.format or format_of(path), mapping.columns, dialect)
    for block in found:
        made = convert(block, mapping, file=path.name.split(".")[0], now=now)
        _count(done, made, block)
        if done.refused > most_refused:
            row, why = done.reasons[0]
            raise UsageError(
                f"{path.name}: {done.refused} rows refused by row {_last_row(block)}, {most_refused} are allowed;"
                f" the first: row {row}: {why}"
            )
        if made.readings.height:
            _declare_new(lake, made, mapping, spans)
            new, known = lake.append_missing(SAMPLES, made.readings, collector=COLLECTOR)
            done.new, done.known = done.new + new, done.known + known
            done.repeated += made.readings.height - new - known
            done.contradicting += _contradicting(made.readings)
            # a mapping of one device knows nothing of the others: its value alone is not the resource's
            hosts = whole(made.readings) if not mapping.resource.device else made.readings.head(0)
            if hosts.height:
                lake.append_missing(SAMPLES, hosts, collector=COLLECTOR)
        on_progress(block.bytes_read)
    facts = [fact for span in spans.values() for fact in span.facts(mapping)]
    lake.append_missing(RESOURCES, RESOURCES.frame(facts), collector=COLLECTOR)
    return done


def _contradicting(readings: pl.DataFrame) -> int:
    """How many readings say something else of one instant than another does."""
    keys = ("ts", "resource_id", "device", "source")
    once = readings.n_unique(keys)
    return 0 if once == readings.height else readings.n_unique() - once


def _count(done: Imported, made: Converted, block: Block) -> None:
    done.rows += block.frame.height + block.left
    done.refused += len(made.refused)
    done.unmapped += made.unmapped
    done.empty += made.empty
    done.cells += len(made.cells)
    done.reasons += [*made.refused, *made.cells][: _MOST_REASONS - len(done.reasons)]


def _last_row(block: Block) -> int:
    return block.first_row + block.frame.height - 1


@dataclass(slots=True)
class _Span:
    """The time of one resource's readings in the file; the inventory learns when it begins and ends."""

    resource_id: str
    first: datetime
    last: datetime
    step_s: float | None
    known: dict[str, Any] = field(default_factory=dict[str, Any])

    def facts(self, mapping: FileMapping) -> list[dict[str, object]]:
        """Since when readings are expected, and that none is after the last one."""
        after = self.last + timedelta(seconds=self.step_s or 1)
        return [
            _fact(self.resource_id, mapping, self.first, self.step_s, self.known),
            _fact(self.resource_id, mapping, after, None, self.known),
        ]


def _fact(
    resource_id: str, mapping: FileMapping, ts: datetime, step_s: float | None, known: Mapping[str, Any]
) -> dict[str, object]:
    """A row of the inventory: what the mapping says of every resource, and the file of this one."""
    labels = {**mapping.inventory.labels, **known.get("labels", {})}
    return {
        **mapping.inventory.constant(),
        **known,
        "labels": json.dumps(labels, sort_keys=True) if labels else None,
        "ts": ts,
        "resource_id": resource_id,
        "source": mapping.source_label,
        "name": resource_id,
        "type": mapping.resource.type,
        "region": mapping.resource.region or None,
        "interval_s": step_s,
    }


def _declare_new(lake: Lake, made: Converted, mapping: FileMapping, spans: dict[str, _Span]) -> None:
    """Notes each resource's span, and declares a new one in the inventory before its first reading is kept."""
    # a regular source has one step; of an irregular one a reading is late when nearly all steps are shorter
    steps = pl.col("ts").unique().sort().diff().dt.total_milliseconds().head(_STEPS)
    step = steps.quantile(_USUAL, interpolation="higher") / 1000
    found = made.readings.group_by("resource_id").agg(first=pl.col("ts").min(), last=pl.col("ts").max(), step=step)
    rows: Sequence[tuple[str, datetime, datetime, float | None]] = found.sort("resource_id").rows()
    new: list[dict[str, object]] = []
    for resource_id, first, last, step_s in rows:
        if resource_id in spans:
            span = spans[resource_id]
            span.first, span.last = min(span.first, first), max(span.last, last)
            span.step_s = span.step_s or step_s
        else:
            spans[resource_id] = _Span(resource_id, first, last, step_s)
            new.append(_fact(resource_id, mapping, first, step_s, made.facts.get(resource_id, {})))
        spans[resource_id].known |= made.facts.get(resource_id, {})
    if new:
        lake.append_missing(RESOURCES, RESOURCES.frame(new), collector=COLLECTOR)
