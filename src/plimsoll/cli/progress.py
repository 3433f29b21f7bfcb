"""How far an analysis in blocks has come, on the terminal of the user who waits for it."""

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from plimsoll.project.context import ProgressCallback


@contextmanager
def blocks_shown(console: Console | None = None) -> Generator[ProgressCallback]:
    """Takes what analyses say of their blocks; one block is not worth a bar, and no terminal sees one."""
    console = console or Console(stderr=True, markup=False, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    bars: dict[str, TaskID] = {}

    def tell(what: str, done: int, blocks: int) -> None:
        if blocks > 1:
            progress.start()  # not before: until then the line of at_work stands there
            if what not in bars:
                bars[what] = progress.add_task(what, total=blocks)
            progress.update(bars[what], completed=done, visible=done < blocks)

    try:
        yield tell
    finally:
        progress.stop()
