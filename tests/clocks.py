"""A clock that the test owns: the wall and the monotonic hand move apart as they do in the world."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 16, 18, 0, tzinfo=UTC)


class OwnedClock:
    """Stands still until it is told to move; satisfies `plimsoll.clock.Clock`."""

    def __init__(self, wall: datetime = START) -> None:
        self._wall = wall
        self._monotonic = 1_000.0
        self._boottime, self._boots = 5_000.0, 1
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The wall hand."""
        return self._wall

    def monotonic(self) -> float:
        """The monotonic hand."""
        return self._monotonic

    def boottime(self) -> float:
        """The hand that also goes on while the machine is suspended."""
        return self._boottime

    def boot(self) -> str:
        """Another text after each reboot."""
        return f"boot-{self._boots}"

    def sleep(self, seconds: float) -> None:
        """Returns at once; both hands moved on."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Time passes as it should."""
        self._wall += timedelta(seconds=seconds)
        self._monotonic += seconds
        self._boottime += seconds

    def step_wall(self, seconds: float) -> None:
        """The wall clock is set; the other hands know nothing of it."""
        self._wall += timedelta(seconds=seconds)

    def suspend(self, seconds: float) -> None:
        """The machine sleeps: the monotonic hand stands still, the one since boot does not."""
        self._wall += timedelta(seconds=seconds)
        self._boottime += seconds

    def reboot(self, off_seconds: float) -> None:
        """The machine is off for a while, and counts anew."""
        self._wall += timedelta(seconds=off_seconds)
        self._monotonic, self._boottime, self._boots = 10.0, 10.0, self._boots + 1
