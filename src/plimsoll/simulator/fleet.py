"""The simulated fleet: inventory, readings of any day, planted truth. Deterministic by seed, day by day."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from plimsoll.clock import rfc3339
from plimsoll.simulator.extra_sensors import further
from plimsoll.simulator.incidents import Incident, apply
from plimsoll.simulator.load_profile import Array, chance, loads
from plimsoll.simulator.members import Member, roster
from plimsoll.simulator.physics import GPU_COLUMNS, Columns, sensors
from plimsoll.simulator.scenario import plant
from plimsoll.tables import SAMPLES

SOURCE = "simulator"
_EPOCH = date(1970, 1, 1)
_LOST_SHARE = 0.002
_DEVICE_EVERY_S = 300


@dataclass(frozen=True, slots=True)
class Fleet:
    """Members, their incidents, and how often each is read. `until` is the end of history (exclusive).

    `detailed`: with the sensors that a demo does without, so that every fault has a place to show.
    """

    members: Sequence[Member]
    incidents: Sequence[Incident]
    seed: int
    days: int
    until: datetime
    interval_s: int
    devices: bool
    detailed: bool = False

    @classmethod
    def build(
        cls,
        *,
        resources: int = 48,
        days: int = 30,
        seed: int = 1,
        until: datetime,
        interval_s: int = 60,
        devices: bool = True,
        incidents: Sequence[Incident] | None = None,
        detailed: bool = False,
    ) -> "Fleet":
        """A fleet of `resources` with `days` of history; `incidents` replaces the ones that the seed would plant."""
        members = roster(resources)
        planted = plant(members, seed=seed, days=days, until=until) if incidents is None else incidents
        return cls(members, tuple(planted), seed, days, until, interval_s, devices, detailed)

    @property
    def since(self) -> datetime:
        """The beginning of history."""
        return self.until - timedelta(days=self.days)

    def dates(self) -> list[date]:
        """The UTC days that history touches."""
        last = (self.until - timedelta(milliseconds=1)).date()
        return [self.since.date() + timedelta(days=n) for n in range((last - self.since.date()).days + 1)]

    def resources(self) -> list[dict[str, Any]]:
        """Rows of the table `resources`."""
        return [
            {
                "ts": self.since,
                "resource_id": member.resource_id,
                "source": SOURCE,
                "name": member.resource_id,
                "type": member.type,
                "region": member.region,
                "labels": json.dumps(member.labels, sort_keys=True),
                "interval_s": float(self.interval_s),
                "cpu_count": member.cpu_count,
                "memory_bytes": member.memory_bytes,
                "gpu_count": float(member.gpu_count) if member.gpu_count or member.type == "cluster" else None,
                "storage_bytes": member.storage_bytes,
                "network_bits_per_s": member.network_bits_per_s,
                "replicas_count": float(member.replicas) if member.replicas else None,
                "price_usd_per_h": member.price_usd_per_h,
            }
            for member in self.members
        ]

    def truth(self) -> dict[str, Any]:
        """What was planted, as plain values for JSON."""
        return {
            "seed": self.seed,
            "since": rfc3339(self.since),
            "until": rfc3339(self.until),
            "resources": len(self.members),
            "incidents": [incident.truth() for incident in self.incidents],
        }

    def day(self, day: date) -> pl.DataFrame:
        """The readings of one UTC day, a checked frame of `samples`, sorted."""
        frames = [frame for kind in sorted({m.type for m in self.members}) for frame in self._of_kind(kind, day)]
        whole = pl.concat(frames, how="diagonal").filter(pl.col("ts") >= self.since, pl.col("ts") < self.until)
        return SAMPLES.check(whole).sort(SAMPLES.sort)

    def parts(self, day: date, *, members: int = 500) -> Iterator[pl.DataFrame]:
        """The same readings, of so many members at a time: memory does not grow with the fleet."""
        for n in range(0, len(self.members), members):
            some = self.members[n : n + members]
            ids = {member.resource_id for member in some}
            own = tuple(incident for incident in self.incidents if incident.resource_id in ids)
            yield replace(self, members=some, incidents=own).day(day)

    def _of_kind(self, kind: str, day: date) -> Iterator[pl.DataFrame]:
        members = [member for member in self.members if member.type == kind]
        number = (day - _EPOCH).days
        steps = 86_400 // self.interval_s
        seconds: Array = number * 86_400.0 + np.arange(steps, dtype=np.float64) * float(self.interval_s)
        load = loads(members, seed=self.seed, day=number, steps=steps)
        columns = sensors(kind, members, load)
        if self.detailed:
            columns |= further(kind, members, load, columns)
        columns = {name: np.ascontiguousarray(values) for name, values in columns.items()}
        for position, member in enumerate(members):
            row = {name: values[position] for name, values in columns.items() if _has(member, name)}
            own = [i for i in self.incidents if i.resource_id == member.resource_id]
            for incident in own:
                apply(row, incident, seconds, whole=bool(incident.device))
            if self.devices and member.type == "cluster" and member.gpu_count:
                yield self._gpus(member, row, own, seconds, number)
            kept = chance(self.seed, member, number, 4).random(steps) >= _LOST_SHARE
            yield _frame(member, "", row, seconds, kept)

    def _gpus(
        self, member: Member, row: Columns, incidents: Sequence[Incident], seconds: Array, number: int
    ) -> pl.DataFrame:
        """Each GPU of a cluster, every five minutes: near the mean, but for one that straggles."""
        every = max(1, _DEVICE_EVERY_S // self.interval_s)
        times = seconds[::every]
        noise = chance(self.seed, member, number, 5).normal(0.0, 0.01, (member.gpu_count, times.size))
        frames: list[pl.DataFrame] = []
        for gpu in range(member.gpu_count):
            own = {name: np.maximum(row[name][::every] * (1 + noise[gpu]), 0.0) for name in GPU_COLUMNS}
            own["gpu_power_w"] = own["gpu_power_w"] / member.gpu_count
            for incident in incidents:
                if incident.device == f"gpu{gpu}":
                    apply(own, incident, times)
            frames.append(_frame(member, f"gpu{gpu}", own, times, np.ones(times.size, dtype=bool)))
        return pl.concat(frames)


def _has(member: Member, metric: str) -> bool:
    """Whether it can be read of the member: a machine without GPUs reports nothing of GPUs."""
    return member.type != "cluster" or member.gpu_count > 0 or not metric.startswith(("gpu_", "gpus_"))


def _frame(member: Member, device: str, row: Columns, seconds: Array, kept: "np.ndarray[Any, Any]") -> pl.DataFrame:
    """One member's readings as a frame; what is NaN in all columns was never read."""
    percents = {n: np.clip(v, 0, 100) if n.endswith("_pct") else v for n, v in row.items()}
    running = kept & ~np.isnan(next(iter(percents.values())))
    stamps = pl.Series("ts", (seconds[running] * 1000).astype(np.int64)).cast(pl.Datetime("ms", "UTC"))
    data = {name: values[running].astype(np.float64) for name, values in percents.items()}
    return pl.DataFrame({"ts": stamps, **data}).with_columns(
        pl.lit(member.resource_id).alias("resource_id"), pl.lit(device).alias("device"), pl.lit(SOURCE).alias("source")
    )
