"""Writes the records of a log beside it when its run ends, whoever runs it: `inspect eval` or `offswitch run`.

Inspect finds it by an entry point of its own, since the evaluation does not know of analysis.
"""

from functools import partial

import anyio
import anyio.to_thread
from inspect_ai.hooks import Hooks, RunEnd, SampleEnd, TaskEnd, TaskStart, hooks
from inspect_ai.log._samples import sample_active  # nothing else says where the log of an interrupted run is

from offswitch.record import digests
from offswitch_analysis.logs.beside import write_beside
from offswitch_analysis.logs.cache import reader


# Inspect's decorator is not typed.
@hooks(name="records", description="The records of each log of shutdown_resistance beside it.")  # pyright: ignore
class RecordsBeside(Hooks):
    """Reads each log once it has been written, as a report would, and keeps what it read beside it.

    If anything fails here, Inspect logs a one-line warning, the run goes on, and reports read the log.
    """

    def __init__(self) -> None:
        self._going: dict[str, str | None] = {}
        """evaluation's id -> its log, once that is known"""

    async def on_task_start(self, data: TaskStart) -> None:
        """Follows this project's tasks only."""
        if digests.is_ours(data.spec) and data.spec.config.log_samples is not False:
            self._going[data.eval_id] = None

    async def on_sample_end(self, data: SampleEnd) -> None:
        """Notes where the log is."""
        active = sample_active()
        if active and data.eval_id in self._going:
            self._going[data.eval_id] = active.log_location

    async def on_task_end(self, data: TaskEnd) -> None:
        """The log has been written."""
        if data.eval_id in self._going:
            del self._going[data.eval_id]
            await _write(data.log.location)

    async def on_run_end(self, data: RunEnd) -> None:
        """The logs of tasks that were interrupted or failed: for them Inspect calls no on_task_end."""
        left, self._going = [log for log in self._going.values() if log], {}
        with anyio.CancelScope(shield=True):
            for log in left:
                await _write(log)


async def _write(log: str) -> None:
    # Loads the reader only now, and reads in a thread, so that other trials go on meanwhile.
    from offswitch_analysis.logs.reading import read_log

    await anyio.to_thread.run_sync(partial(write_beside, log.removeprefix("file://"), read_log, reader()))
