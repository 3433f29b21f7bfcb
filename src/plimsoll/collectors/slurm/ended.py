"""Which jobs have ended: each counted once, also those that ended while Plimsoll was not running.

A cursor stands at the end of what was read. Each question reaches back a little before it: Slurm's database hears of an
end late. What the cursor has missed for long is counted in slices of the usual length, where it happened.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from plimsoll.collectors.slurm.answers import Job
from plimsoll.collectors.slurm.rows import Span, Values, is_over, of_ended

LATE_S: Final = 900.0
"""How long after a job's end the database may hear of it."""
LONGEST_S: Final = 30 * 86_400.0
"""How far back ended jobs are looked for."""
AT_ONCE_S: Final = 86_400.0
"""How much time one question spans: an answer must stay within its limits."""


class Kept(msgspec.Struct):
    """What is remembered from one run of the program to the next."""

    until_s: float | None = None
    counted: dict[str, float] = msgspec.field(default_factory=dict[str, float])


class Ended:
    """The cursor over the ended jobs of one cluster; `every_s` is the usual time between two questions."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._kept = Kept()

    def window(self, now_s: float) -> Span:
        """What is to be asked for next (epoch seconds); at most a day, so that a long pause takes several questions."""
        since_s = self._kept.until_s
        if since_s is None or since_s > now_s:  # the first question, or a clock that was set back
            since_s = now_s - self._every_s
        since_s = max(since_s, now_s - LONGEST_S)
        return Span(since_s, min(now_s, since_s + AT_ONCE_S))

    def is_behind(self, now_s: float) -> bool:
        """Whether more is to be asked for at once."""
        return self._kept.until_s is not None and now_s - self._kept.until_s > self._every_s

    def read(self, jobs: Sequence[Job], span: Span) -> list[tuple[float, Values]]:
        """(until when, readings) of each slice of the span; the cursor then stands at the span's end."""
        first = self._kept.until_s is None
        fresh: list[Job] = []
        for job in jobs:
            key = f"{job.id}/{job.restarts}/{job.end_s}"
            if not is_over(job) or job.end_s is None or not span.since_s - LATE_S < job.end_s <= span.until_s:
                continue
            if key not in self._kept.counted and (job.end_s > span.since_s or not first):
                fresh.append(job)
            self._kept.counted[key] = job.end_s
        self._kept.until_s = span.until_s
        self._kept.counted = {k: end for k, end in self._kept.counted.items() if end > span.until_s - LATE_S}
        number = max(1, round(span.seconds / self._every_s))
        length_s = span.seconds / number
        found: list[tuple[float, Values]] = []
        for n in range(number):
            until_s = span.until_s if n == number - 1 else span.since_s + (n + 1) * length_s
            # what was reported late belongs to the first slice: its own has been counted
            since_s = span.since_s - LATE_S if n == 0 else span.since_s + n * length_s
            ended = [job for job in fresh if job.end_s is not None and since_s < job.end_s <= until_s]
            found.append((until_s, of_ended(ended, length_s)))
        return found

    def memory(self) -> dict[str, Any]:
        """The cursor, and what was counted shortly before it."""
        return {"until_s": self._kept.until_s, "counted": self._kept.counted}

    def recall(self, memory: object) -> None:
        """Takes up the cursor of the run before."""
        try:
            self._kept = msgspec.convert(memory, Kept, strict=False)
        except msgspec.ValidationError:
            return
