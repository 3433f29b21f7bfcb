"""`[execution]`: where the analysis of a large fleet runs."""

import os
from typing import Literal

from pydantic import Field, model_validator

from plimsoll.config import Section
from plimsoll.execution.contract import Executor
from plimsoll.execution.dask import Dask
from plimsoll.execution.processes import Processes
from plimsoll.execution.serial import Serial


class Execution(Section):
    """`[execution]`: serial, several processes of this machine, or workers of others."""

    on: Literal["auto", "serial", "processes", "dask"] = Field(
        "auto", description="auto: processes where there is more than one block of resources and one processor"
    )
    address: str = Field("", description="of the Dask scheduler, such as tcp://10.0.0.5:8786")
    workers: int = Field(0, ge=0, le=256, description="how many processes; 0: one for each processor")
    block: int = Field(250, ge=1, le=100_000, description="resources analysed together, with one forest a type")

    @model_validator(mode="after")
    def _reachable(self) -> "Execution":
        if (self.on == "dask") != bool(self.address):
            raise ValueError('on = "dask" and address go together')
        return self


def executor(settings: Execution, blocks: int) -> Executor:
    """The way that the settings ask for, for so many blocks of work."""
    if settings.on == "dask":
        return Dask(settings.address)
    workers = min(settings.workers or os.cpu_count() or 1, blocks)
    if settings.on == "serial" or (settings.on == "auto" and workers < 2):
        return Serial()
    return Processes(workers)
