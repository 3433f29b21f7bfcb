"""`[slurm.NAME]`: a Slurm cluster, asked by its own commands."""

from typing import Annotated, Literal

from pydantic import Field

from plimsoll.config import Duration, Section
from plimsoll.config.engine import Name


class Slurm(Section):
    """One cluster; its commands run here, or wherever their words take them: `["ssh", "login", "squeue", "--json"]`."""

    resource: Name = Field("", description="the cluster's id; empty: the section's own name")
    region: Name = Field("", description="where it is; empty: unknown")
    labels: dict[str, str] = Field(default_factory=dict[str, str], description="attributes such as owner and group")
    squeue: tuple[str, ...] = Field(("squeue", "--json"), min_length=1, description="what lists the jobs")
    sinfo: tuple[str, ...] = Field(("sinfo", "--json"), description="what lists the nodes; empty: not asked")
    sacct: tuple[str, ...] = Field(
        ("sacct", "--json", "--duplicates", "--allusers"), description="what lists the ended jobs; empty: not asked"
    )
    every: Annotated[Duration, Field(ge=30, le=3600)] = Field(
        "1m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how often squeue and sinfo are asked",
    )
    sacct_every: Annotated[Duration, Field(ge=300, le=86400)] = Field(
        "10m",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how often sacct is asked; its database suffers from more",
    )
    deadline: Annotated[Duration, Field(ge=1, le=300)] = Field(
        "20s",  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
        description="how long a command may take before it is ended, with all that it started",
    )
    jobs: Literal["gpu", "all", "none"] = Field("gpu", description="which running jobs become training resources")
