"""Small fleets for tests, on the code of the demo: `fleet(3).starved("train-pretrain-001", from_hour=5)`."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl

from plimsoll.fleet.resources import Resource, resources_at
from plimsoll.simulator import Fleet, Incident
from plimsoll.tables import RESOURCES

UNTIL = datetime(2026, 1, 16, 18, tzinfo=UTC)


@dataclass(frozen=True)
class Planted:
    """A fleet in the making: incidents are counted from the beginning of its last 24 hours."""

    resources: int
    days: int
    interval_s: int
    seed: int
    incidents: tuple[Incident, ...] = field(default=())

    def plant(
        self, kind: str, resource_id: str, *, from_hour: float, hours: float, size: float = 1.0, device: str = ""
    ) -> "Planted":
        """The same fleet with one more incident."""
        start = UNTIL - timedelta(hours=24 - from_hour)
        incident = Incident(
            kind=kind,
            resource_id=resource_id,
            start=start,
            end=start + timedelta(hours=hours),
            size=size,
            device=device,
        )
        return Planted(self.resources, self.days, self.interval_s, self.seed, (*self.incidents, incident))

    def starved(self, resource_id: str, *, from_hour: float, hours: float = 6) -> "Planted":
        """A training job that waits for its input."""
        return self.plant("input_starvation", resource_id, from_hour=from_hour, hours=hours)

    def build(self) -> Fleet:
        """The fleet itself."""
        return Fleet.build(
            resources=self.resources,
            days=self.days,
            seed=self.seed,
            until=UNTIL,
            interval_s=self.interval_s,
            incidents=self.incidents,
        )

    def samples(self) -> pl.DataFrame:
        """All readings."""
        built = self.build()
        return pl.concat([built.day(day) for day in built.dates()])

    def inventory(self) -> list[Resource]:
        """The resources as answers see them."""
        return resources_at(RESOURCES.frame(self.build().resources()).iter_rows(named=True))


def fleet(resources: int = 12, *, days: int = 2, interval_s: int = 300, seed: int = 1) -> Planted:
    """A calm fleet; plant what the test needs."""
    return Planted(resources, days, interval_s, seed)
