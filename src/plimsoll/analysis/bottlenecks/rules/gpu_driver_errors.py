"""GPUs of which the driver reported an error (XID): one is enough, and what it means decides how bad it is."""

from pydantic import Field

from plimsoll.analysis.bottlenecks.driver_errors import WorstCode, codes_seen
from plimsoll.analysis.bottlenecks.limits import Amount, Limits
from plimsoll.analysis.bottlenecks.resource_window import ResourceWindow
from plimsoll.analysis.bottlenecks.rule import Bottleneck, Place, Rule
from plimsoll.documents import Severity
from plimsoll.fleet.xid_codes import METRIC

_WEIGHTS: dict[Severity, float] = {"critical": 97.0, "high": 92.0, "medium": 70.0, "low": 40.0}
_IMPACTS: dict[str, str] = {
    "application": "the job that ran there failed; the card is probably sound",
    "driver": "work on this GPU can fail or hang",
    "hardware": "work on this GPU can fail or hang",
    "thermal": "work on this GPU can fail or hang",
    "bus": "the GPU can be out of reach until it is reset",
    "memory": "work on this GPU can fail or give wrong results",
    "NVLink": "work that spans GPUs can fail or hang",
    "unknown": "what it does to work on this GPU is not known",
}
_MOST_NAMED = 6


class GpuDriverErrorsLimits(Limits):
    """The limits of `gpu_driver_errors`."""

    least_count: Amount = Field(default=1.0, description="at least so many errors in the window")


def find(window: ResourceWindow, limits: GpuDriverErrorsLimits) -> Bottleneck | None:
    """Every code of the window, the worst first."""
    seen = codes_seen(window)
    count = sum(len(one.errors) for one in seen)
    if not seen or count < limits.least_count:
        return None
    worst, named = seen[0], "; ".join(one.words(window.end) for one in seen[:_MOST_NAMED])
    more = f"; and {len(seen) - _MOST_NAMED} other codes" if len(seen) > _MOST_NAMED else ""
    return Bottleneck(
        description=f"the driver reported {named}{more}",
        impact=_IMPACTS[worst.known.fault],
        weight=_WEIGHTS[worst.severity],
        metric=METRIC,
        observed=float(worst.code),
        threshold=1.0,
        share=min(1.0, count / window.window_rows),
        samples=count,
        measure=WorstCode(),
        device=worst.devices[0] if len(worst.devices) == 1 else "",
    )


RULE = Rule(
    name="gpu_driver_errors",
    component="gpu",
    summary="GPUs of which the driver reported an error (XID), but for the one that only tells that a job was ended",
    reads=(METRIC,),
    find=find,
    limits=GpuDriverErrorsLimits(),
    use=Place("gpu", "errors"),
    min_weight=40.0,
    remediation="Look the code up, look at the work that ran; drain the machine where the code means the card.",
)
