"""Collecting: reads every open source, keeps the rows, and hands them to the lake.

Rows wait for at most one flush: what the lake acknowledged is safe, what it did not is at most that old.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from plimsoll.collectors.contract import Identity, Reader, Reading, Row, collection_row
from plimsoll.collectors.counter_state import KeepsCounters, load, save
from plimsoll.collectors.declared import declared
from plimsoll.collectors.host import host_name
from plimsoll.collectors.prometheus.settings import Probe, Target
from plimsoll.collectors.registry import every_collector
from plimsoll.collectors.slurm.settings import Slurm
from plimsoll.config import Config, Section
from plimsoll.config.engine import Collect, Machine
from plimsoll.errors import DiskError, RowsRefused, shown
from plimsoll.events import timed
from plimsoll.fleet.presence import Silence
from plimsoll.plausibility import Refused, has_a_value, in_words, judged, parted
from plimsoll.tables import COLLECTIONS, RESOURCES, SAMPLES, Table

if TYPE_CHECKING:
    from plimsoll.lake import Lake

_NAME = "local"
_SAVED_EVERY_S = 60.0
MEMORY = "counters.msgpack"
MOST_HELD = 100_000
"""Rows of a table that are held while the disk refuses them; then the oldest go, and coverage shows it."""


def identity_of(config: Config) -> Identity:
    """This machine, as the config names it."""
    machine = config.get("machine", Machine)
    resource_id = machine.id or host_name()
    return Identity(
        resource_id=resource_id,
        name=machine.name or resource_id,
        type=machine.type,
        interval_s=config.get("collect", Collect).every,
        region=machine.region or None,
        labels=machine.labels,
        price_usd_per_h=machine.price_usd_per_h,
    )


class Collecting:
    """The open readers of a project, and the rows that were not yet kept."""

    def __init__(
        self,
        config: Config,
        mappings: Path | None = None,
        memory: Path | None = None,
        readers: Mapping[str, Reader] | None = None,
    ) -> None:
        """`readers` are read instead of the sources that the config opens."""
        self.identity = identity_of(config)
        self._readers: dict[str, Reader] = dict(readers or {})
        self._rows: dict[str, list[Row]] = {"samples": [], "collections": [], "resources": []}
        self._resources: dict[str, Row] = {}
        self._failing: set[tuple[str, str]] = set()
        self._news: list[str] = []
        self._declares = readers is None
        self._config = config
        if readers is None:
            self._open_local(config)
            self._open_remote(config, mappings)
        self._memory, self._saved = memory, 0.0
        states = load(memory) if memory else {}
        for name, reader in self._readers.items():
            if name in states and isinstance(reader, KeepsCounters):
                reader.recall(states[name])

    def _open_local(self, config: Config) -> None:
        for name, collector in every_collector().items():
            settings = config.get(f"collectors.{name}", Section)
            if (reader := collector.open(settings, self.identity)) is not None:
                self._readers[name] = reader

    def _open_remote(self, config: Config, mappings: Path | None) -> None:
        """Targets, probes and Slurm clusters of the config; their libraries are loaded only where there are any."""
        targets = config.under("targets", Target)
        probes = config.under("probes", Probe)
        if targets:
            from plimsoll.collectors.prometheus.targets import Scraper

            self._readers["targets"] = Scraper(
                targets,
                interval_s=self.identity.interval_s,
                own=mappings,
                most_names=config.get("collect", Collect).names_per_target,
                unseen=timedelta(seconds=config.get("silence", Silence).unseen),
            )
        if probes:
            from plimsoll.collectors.prometheus.probes import Prober

            self._readers["probes"] = Prober(probes, interval_s=self.identity.interval_s)
        if clusters := config.under("slurm", Slurm):
            from plimsoll.collectors.slurm.reader import SlurmReader

            self._readers["slurm"] = SlurmReader(clusters)

    @property
    def sources(self) -> Sequence[str]:
        """The names of the open sources."""
        return tuple(self._readers)

    def round(self, now: datetime, monotonic: float) -> Mapping[str, int]:
        """Reads every source once; a source that fails costs only its own rows. Gives rows of samples by source."""
        counts: dict[str, int] = {}
        self._declare(now)
        for name, reader in self._readers.items():
            with timed("collectors", "read", source=name) as noted:
                try:
                    reading = reader.read(now, monotonic)
                except Exception as error:  # noqa: BLE001 - whatever a source raises costs its own rows and no other's
                    reading = Reading(collections=[self._failed(now, name, error)])
                noted["rows"] = len(reading.samples)
                noted["failed"] = sum(not row["ok"] for row in reading.collections)
            _judge(reading, now)
            self._rows["samples"] += reading.samples
            self._rows["collections"] += reading.collections
            self._note(reading.collections)
            self._rows["resources"] += reading.resources
            self._resources |= {f"{row['resource_id']}/{row['source']}": row for row in reading.resources}
            counts[name] = len(reading.samples)
        if monotonic - self._saved >= _SAVED_EVERY_S:
            self._saved = monotonic
            self._remember()
        return counts

    def _note(self, attempts: Sequence[Row]) -> None:
        for row in attempts:
            one = (str(row["source"]), str(row["target"]))
            if not row["ok"] and one not in self._failing:
                self._failing.add(one)
                self._news.append(
                    f"{one[0]} of {shown(one[1])} cannot be read: {shown(row['reason'] or 'no reason given')}"
                )
            elif row["ok"] and one in self._failing:
                self._failing.discard(one)
                self._news.append(f"{one[0]} of {shown(one[1])} can be read again")

    def take_news(self) -> list[str]:
        """The sources that began to fail, with the reason, or answer again, since this was last asked; for a log."""
        news, self._news = self._news, []
        return news

    def _declare(self, now: datetime) -> None:
        """Tells once of what the config names: a target that never answers is known, and silent."""
        if self._declares:
            self._declares = False
            rows = declared(self._config, self.identity, now)
            self._rows["resources"] += rows
            self._resources |= {f"{row['resource_id']}/{row['source']}": row for row in rows}

    def flush(self, lake: "Lake") -> int:
        """Hands all rows to the lake; they are forgotten here only once it has acknowledged them."""
        kept = 0
        # the inventory first: a sample whose resource is not known yet would have no resource
        for table in (RESOURCES, SAMPLES, COLLECTIONS):
            if rows := self._rows[table.name]:
                del rows[:-MOST_HELD]
                kept += self._append(lake, table, rows)
                self._rows[table.name] = []
        return kept

    def _append(self, lake: "Lake", table: Table, rows: list[Row]) -> int:
        """Appends the rows; those that the table refuses are left out by name, and never stop the others."""
        try:
            lake.append(table, rows, collector=_NAME)
        except RowsRefused:
            good, bad = parted(table, rows)
            if not bad:
                raise
            lake.append(table, good, collector=_NAME)
            if table is not COLLECTIONS:
                self._rows[COLLECTIONS.name] += [self._not_kept(row, why) for row, why in bad]
            return len(good)
        return len(rows)

    @staticmethod
    def _not_kept(row: Row, why: str) -> Row:
        target = f"{row['resource_id']}/{row.get('device') or ''}"
        return collection_row(
            row["ts"], source=row["source"], target=target, ok=False, reason=why, duration_s=0, rows=0
        )

    def end(self, now: datetime) -> None:
        """Says that no reading is expected from now on: a machine that is not read any more is not a silent one."""
        self._rows["resources"] += [{**row, "ts": now, "interval_s": None} for row in self._resources.values()]

    def close(self) -> None:
        """Closes every source."""
        self._remember()
        for reader in self._readers.values():
            reader.close()

    def _remember(self) -> None:
        """Keeps what the readers know; where the disk refuses, a restart costs one interval."""
        if self._memory is None:
            return
        with suppress(DiskError):
            save(self._memory, {name: r.memory() for name, r in self._readers.items() if isinstance(r, KeepsCounters)})

    def _failed(self, now: datetime, name: str, error: Exception) -> Row:
        reason = shown(f"{type(error).__name__}: {error}")
        return collection_row(
            now, source=name, target=self.identity.resource_id, ok=False, reason=reason, duration_s=0, rows=0
        )


def _judge(reading: Reading, now: datetime) -> None:
    """Refuses what cannot be, value by value, and says so in the attempt that gave it."""
    refused = judged(SAMPLES, reading.samples) + judged(RESOURCES, reading.resources)
    reading.samples[:] = filter(has_a_value, reading.samples)
    by_source: dict[str, list[Refused]] = {}
    for one in refused:
        by_source.setdefault(one.source, []).append(one)
    for source, ones in by_source.items():
        mine = [row for row in reading.collections if row["source"] == source]
        mine = [row for row in mine if row["target"] == ones[0].resource_id] or mine
        if not mine:
            target = f"{ones[0].resource_id}/{ones[0].column}"
            mine = [collection_row(now, source=source, target=target, ok=True, duration_s=0, rows=0)]
            reading.collections.extend(mine)
        row = mine[0]
        row["reason"] = "; ".join(part for part in (row["reason"], in_words(ones)) if part)
    judged(COLLECTIONS, reading.collections)
