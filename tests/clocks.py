"""A clock that the test owns: the wall and the monotonic hand move apart as they do in the world."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 16, 18, 0, tzinfo=UTC)


class OwnedClock:
    """Stands still until it is told to move; satisfies `plimsoll.clock.Clock`."""

    def __init__(self, wall: datetime = START) -> None:
        self._wall = wall
        self._monotonic = 1_000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The wall hand."""
        return self._wall

    def monotonic(self) -> float:
        """The monotonic hand."""
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        """Returns at once; both hands moved on."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Time passes as it should."""
        self._wall += timedelta(seconds=seconds)
        self._monotonic += seconds

    def step_wall(self, seconds: float) -> None:
        """The wall clock is set; the monotonic hand knows nothing of it. So does a laptop that slept."""
        self._wall += timedelta(seconds=seconds)
