"""`[execution]`: where the analysis of a large fleet runs."""

import os
import re
from multiprocessing import current_process
from typing import Final, Literal

from pydantic import Field, model_validator

from plimsoll.config import Section
from plimsoll.errors import shown
from plimsoll.execution.contract import Executor
from plimsoll.execution.dask import Dask
from plimsoll.execution.processes import Processes
from plimsoll.execution.ray import Ray
from plimsoll.execution.serial import Serial

_HOST_AND_PORT: Final = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}"
_ADDRESSES: Final = {
    "dask": (re.compile(rf"(tcp|tls)://{_HOST_AND_PORT}"), "a Dask scheduler's, such as tcp://10.0.0.5:8786"),
    "ray": (re.compile(_HOST_AND_PORT), "the head of a Ray cluster, such as 10.0.0.5:6379"),
}


class Execution(Section):
    """`[execution]`: serial, several processes of this machine, or workers of others."""

    backend: Literal["auto", "serial", "processes", "dask", "ray"] = Field(
        "auto", description="auto: processes where there is more than one block of resources and one processor"
    )
    address: str = Field(
        "", description="of the Dask scheduler (tcp://10.0.0.5:8786) or of the Ray cluster's head (10.0.0.5:6379)"
    )
    workers: int = Field(0, ge=0, le=256, description="how many processes; 0: one for each processor")
    block_size: int = Field(250, ge=1, le=100_000, description="resources analyzed together, with one forest a type")

    @model_validator(mode="after")
    def _reachable(self) -> "Execution":
        if self.backend not in _ADDRESSES:
            if self.address:
                raise ValueError(
                    f'address is of a cluster; it goes with backend = "dask" or "ray", not with "{self.backend}"'
                )
            return self
        pattern, wanted = _ADDRESSES[self.backend]
        if not self.address:
            raise ValueError(f'backend = "{self.backend}" needs an address: {wanted}')
        if not pattern.fullmatch(self.address) or int(self.address.rpartition(":")[2]) > 65_535:
            raise ValueError(f'address "{shown(self.address)}" is not {wanted}')
        if self.workers:
            raise ValueError(f'workers is for backend = "processes"; a {self.backend} cluster has its own')
        return self


def executor(settings: Execution, blocks: int) -> Executor:
    """The way that the settings ask for, for so many blocks of work.

    A daemonic process, such as one that answers for the service, may have no children: it does the work itself.
    """
    if settings.backend == "dask":
        return Dask(settings.address)
    if settings.backend == "ray":
        return Ray(settings.address)
    workers = min(settings.workers or os.cpu_count() or 1, blocks)
    alone = settings.backend == "serial" or (settings.backend == "auto" and workers < 2)
    if alone or current_process().daemon:
        return Serial()
    return Processes(workers)
