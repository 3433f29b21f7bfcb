"""One change of size, in one set of numbers: title, text, paste and evidence all speak of the same plan."""

from dataclasses import dataclass

from plimsoll.documents.evidence import PlanDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`what` goes from `start` to `to`, in `unit`; `until` is how long that lasts, `why` where it comes from."""

    what: str
    start: float
    to: float
    unit: str
    until: str
    why: str

    def as_evidence(self) -> PlanDetail:
        """As the evidence has it: `from` and `to` in the unit."""
        return PlanDetail(
            what=self.what, start=float(self.start), to=float(self.to), unit=self.unit, until=self.until, why=self.why
        )
