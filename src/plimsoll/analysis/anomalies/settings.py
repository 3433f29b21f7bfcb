"""`[anomalies]`: what counts as unusual."""

from typing import Annotated

from pydantic import Field

from plimsoll.config import Duration, Section

_DAY = 86400


class Anomalies(Section):
    """`[anomalies]`: how much history is compared with, and how often you want to hear of something."""

    history: Annotated[Duration, Field(ge=2 * _DAY, le=90 * _DAY)] = Field(
        "21d",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how much of each series' own past it is compared with",
    )
    most_per_resource_week: float = Field(
        1.0,
        gt=0,
        le=100,
        description="incidents a resource and week that you want at most, over the fleet; 3 a day are always reported",
    )
