"""Random fleets, written straight as samples into the lake of a project: `drawn(7).into(tmp_path)`.

Small mostly; 0 to 60 days; gaps, silence, constants, zeros, bounds; one metric or twenty, of resources as wholes, of
their devices as well, or of devices alone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from plimsoll.analysis.robust import Floats
from plimsoll.metrics import CATALOGUE
from plimsoll.project.folder import Project, builtin_root
from plimsoll.tables import RESOURCE_TYPES, RESOURCES, SAMPLES

END: Final = datetime(2026, 4, 20, 7, tzinfo=UTC)
CONFIG: Final = (
    '[plimsoll]\nname = "drawn fleet"\n[collectors.host]\nenabled = false\n[collectors.gpu]\nenabled = false\n'
)
SHAPES: Final = ("noise", "rhythm", "constant", "zero", "rare", "gaps", "ends", "begins", "silent", "one", "bound")
_COUNTS: Final = (0, 1, 1, 1, 2, 2, 3, 4, 6, 12, 40)
_DAYS: Final = (0.0, 1 / 24, 0.5, 1.0, 1.9, 3.0, 8.0, 15.0, 16.0, 22.0, 30.0, 60.0)
_CELLS: Final = 150_000
_METRICS: Final = tuple(
    name for name, metric in CATALOGUE.items() if not name.startswith(("up_", "probe_")) and metric.low == 0
)


@dataclass(frozen=True)
class RandomFleet:
    """What was drawn; `of` says whose readings there are: of wholes, of devices, or of both."""

    seed: int
    resources: int
    days: float
    every_s: int
    metrics: tuple[str, ...]
    of: str

    @property
    def start(self) -> datetime:
        """The first reading's instant."""
        return END - timedelta(days=self.days)

    def into(self, root: Path) -> Project:
        """A project whose lake holds the fleet, compacted half of the time."""
        root.mkdir(parents=True, exist_ok=True)
        (root / "config.toml").write_text(CONFIG, encoding="utf-8")
        project = Project(root, builtin_root())
        rng = np.random.default_rng(self.seed)
        lake = project.lake
        if self.resources:
            lake.append(RESOURCES, self._inventory(rng), collector="drawn")
        for n in range(self.resources):
            frame = self._readings(n, rng)
            if frame.height:
                lake.append(SAMPLES, frame, collector="drawn")
        if self.seed % 2:
            lake.compact(now=END, grace_s=0)
        return project

    def _inventory(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        known = rng.random(self.resources) < 0.5
        return [
            {
                "ts": self.start,
                "resource_id": f"r-{n:03d}",
                "name": f"r-{n:03d}",
                "type": RESOURCE_TYPES[int(rng.integers(len(RESOURCE_TYPES)))],
                "source": "drawn",
                "interval_s": float(self.every_s),
                "labels": '{"owner": "a", "group": "g"}' if known[n] else "{}",
                **({"gpu_count": 4.0, "replicas_count": 2.0, "cpu_count": 32.0} if known[n] else {}),
            }
            for n in range(self.resources)
        ]

    def _readings(self, n: int, rng: np.random.Generator) -> pl.DataFrame:
        steps = int(self.days * 86_400 // self.every_s)
        times = [self.start + timedelta(seconds=self.every_s * step) for step in range(steps)]
        devices = {"whole": [""], "devices": ["gpu0", "gpu1"], "both": ["", "gpu0", "gpu1"]}[self.of]
        frames = [
            pl.DataFrame(
                {
                    "ts": pl.Series(times, dtype=pl.Datetime("ms", "UTC")),
                    "resource_id": f"r-{n:03d}",
                    "device": device,
                    "source": "drawn",
                    **{name: pl.Series(_series(name, steps, rng), nan_to_null=True) for name in self.metrics},
                }
            )
            for device in devices
        ]
        return pl.concat(frames).filter(pl.any_horizontal(pl.col(self.metrics).is_not_null()))


def drawn(seed: int, *, resources: int | None = None) -> RandomFleet:
    """The fleet of a seed, the same each time; of so many `resources`, where that is given."""
    rng = np.random.default_rng(1000 + seed)
    count = int(rng.choice(_COUNTS)) if resources is None else resources
    days = float(rng.choice(_DAYS))
    several = int(rng.choice((1, 2, 6, 20)))
    of = str(rng.choice(("whole", "whole", "both", "devices")))
    metrics = tuple(sorted(str(name) for name in rng.choice(_METRICS, size=several, replace=False)))
    rows = max(1, count) * several * (3 if of == "both" else 2 if of == "devices" else 1)
    every = next((s for s in (300, 900, 3600) if rows * days * 86_400 / s <= _CELLS), 3600)
    while rows * days * 86_400 / every > _CELLS:
        days /= 2
    return RandomFleet(seed, count, days, every, metrics, of)


def _series(name: str, steps: int, rng: np.random.Generator) -> Floats:
    """A series of a random shape, inside the metric's bounds; NaN where nothing was read."""
    low, high = CATALOGUE[name].low or 0.0, CATALOGUE[name].high or 1e6
    shape = str(rng.choice(SHAPES))
    level = low + (high - low) * float(rng.uniform(0.05, 0.9))
    t: Floats = np.arange(steps, dtype=np.float64)
    row = level + 0.02 * (high - low) * rng.normal(0, 1, steps)
    if shape == "rhythm":
        row = row + 0.3 * level * np.sin(t / 20)
    elif shape in ("constant", "zero", "bound", "rare"):
        row = np.full(steps, {"constant": level, "zero": 0.0, "bound": high, "rare": 0.0}[shape])
    if shape == "rare":
        row[rng.random(steps) < 0.02] = level
    kept = np.ones(steps, dtype=np.bool_)
    if shape == "gaps":
        kept = rng.random(steps) < 0.4
    elif shape in ("ends", "begins"):
        kept = (t < steps * 0.6) == (shape == "ends")
    elif shape in ("silent", "one"):
        kept = (t == steps // 2) & (shape == "one")
    return np.where(kept, np.clip(row, low, high), np.nan)
