"""`[execution]`: where the analysis of a large fleet runs."""

import os
from typing import Literal

from pydantic import Field

from plimsoll.config import Section
from plimsoll.execution.contract import Executor
from plimsoll.execution.processes import Processes
from plimsoll.execution.serial import Serial


class Execution(Section):
    """`[execution]`: serial, or several processes of this machine."""

    on: Literal["auto", "serial", "processes"] = Field(
        "auto", description="auto: processes where there is more than one block of resources and one processor"
    )
    workers: int = Field(0, ge=0, le=256, description="how many processes; 0: one for each processor")
    block: int = Field(250, ge=1, le=100_000, description="resources analysed together, with one forest a type")


def executor(settings: Execution, blocks: int) -> Executor:
    """The way that the settings ask for, for so many blocks of work."""
    workers = min(settings.workers or os.cpu_count() or 1, blocks)
    if settings.on == "serial" or (settings.on == "auto" and workers < 2):
        return Serial()
    return Processes(workers)
