"""Shows how far a run is: as a bar on a terminal, else as lines."""

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from offswitch_cli.base import warn

if TYPE_CHECKING:
    from offswitch.runs.progress import Watch

LINES_S = 30
"""seconds between two lines of progress, if there is no terminal to show a bar"""


@contextmanager
def shown_progress(watch: "Watch", bar: bool) -> Generator[None]:
    """Shows progress on standard error, as a bar or as a line every LINES_S seconds."""
    if not bar:
        yield from _lines(watch)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True)) as progress:
        task = progress.add_task(watch.line(), total=watch.trials)
        watch.show = lambda line: progress.update(task, description=line, completed=watch.done)
        yield


def _lines(watch: "Watch") -> Generator[None]:
    told = monotonic()

    def show(line: str) -> None:
        nonlocal told
        if monotonic() - told >= LINES_S:
            told = monotonic()
            warn(line)

    watch.show = show
    yield
    warn(watch.line())
