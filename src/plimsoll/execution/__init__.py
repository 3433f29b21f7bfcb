"""Where work on partitions runs: in this process, in several, or on a cluster that exists. One method, `map`."""

from plimsoll.execution.contract import Executor, Failed, Work
from plimsoll.execution.settings import Execution, executor

__all__ = ["Execution", "Executor", "Failed", "Work", "executor"]
