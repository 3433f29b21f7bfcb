"""What a config declares: resources that are to be read, known before the first reading, also where none ever comes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from plimsoll.collectors.contract import Identity, Row
from plimsoll.collectors.prometheus.settings import Probe, Target
from plimsoll.collectors.slurm.settings import Slurm
from plimsoll.config import Config
from plimsoll.config.engine import Collect
from plimsoll.fleet.resources import DECLARED


@dataclass(frozen=True, slots=True)
class Expected:
    """An attempt that `collections` tells of at least every `every_s` seconds, good or bad, while sources are read."""

    source: str
    target: str
    every_s: float


def expected(config: Config) -> list[Expected]:
    """What each address, probe and cluster of the config leaves in `collections`."""
    every_s = config.get("collect", Collect).every
    targets = config.under("targets", Target).values()
    return [
        *(Expected(target.mapping, url, every_s) for target in targets for url in target.addresses),
        *(Expected("probe", name, every_s) for name in config.under("probes", Probe)),
        *(Expected(f"slurm.{name}", "squeue", one.every) for name, one in config.under("slurm", Slurm).items()),
    ]


def declared(config: Config, identity: Identity, now: datetime) -> list[Row]:
    """One row of the inventory for each resource whose id the config alone tells; exporters' labels tell the rest."""
    rows = [*_targets(config, identity), *_probes(config, identity), *_clusters(config)]
    return [{"ts": now, **row} for row in {(row["resource_id"], row["source"]): row for row in rows}.values()]


def _row(resource_id: str, source: str, kind: str, region: str, interval_s: float) -> Row:
    return {
        "resource_id": resource_id,
        "source": f"{DECLARED}{source}",
        "name": resource_id,
        "type": kind,
        "region": region if "{" not in region else None,
        "interval_s": interval_s,
    }


def _targets(config: Config, identity: Identity) -> Iterator[Row]:
    targets = config.under("targets", Target)
    if not targets:
        return
    from plimsoll.collectors.prometheus.naming import ResourceIdTemplate

    for name, target in sorted(targets.items()):
        for url in target.addresses:
            if (resource_id := ResourceIdTemplate(name, url, target.resource)({})) is not None:
                yield _row(resource_id, f"target.{name}", target.type, target.region, identity.interval_s)


def _probes(config: Config, identity: Identity) -> Iterator[Row]:
    for name, probe in sorted(config.under("probes", Probe).items()):
        yield _row(probe.resource or name, f"probe.{name}", probe.type, probe.region, identity.interval_s)


def _clusters(config: Config) -> Iterator[Row]:
    for name, cluster in sorted(config.under("slurm", Slurm).items()):
        yield _row(cluster.resource or name, f"slurm.{name}", "cluster", cluster.region, cluster.every)
