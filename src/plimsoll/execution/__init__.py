"""Where work on partitions runs: in this process, or in several. One method, `map`; one file a way."""

from plimsoll.execution.contract import Executor, Failed, Work
from plimsoll.execution.settings import Execution, executor

__all__ = ["Execution", "Executor", "Failed", "Work", "executor"]
