"""What `offswitch watch` shows: how far each log is, the rates so far, and the trials that ended last."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from offswitch.record import Record
from offswitch_analysis.logs.watched import LogState
from offswitch_analysis.rates import cells
from offswitch_analysis.terminal.tables import rates_tables, scenes_tables
from offswitch_analysis.text import plain

LATEST = 5
"""trials that are shown one by one"""
SILENT_SHOWN_S = 30
"""seconds without a new trial from which that is shown"""
OF_A_PLAN = "Trials of a trial plan: their rates are not shown, because that would be a look."


def watch_tables(states: Sequence[LogState], records: Sequence[Record]) -> Iterator[Any]:
    """Tables and texts, from top to bottom; no result of trials that a trial plan declares."""
    blind = any(record.trial_plan for record in records)
    yield _logs_table(states)
    if blind:
        yield Text(OF_A_PLAN)
    elif records:
        found = cells(records)
        yield from (*rates_tables(found), *scenes_tables(found))
    yield _latest(records, blind)


def summary_line(states: Sequence[LogState]) -> str:
    """How many trials there are of how many, and how many logs are still written."""
    wanted = {key for state in states for key in state.trials}
    had = {key for state in states for key in state.had}
    still = sum(state.is_open for state in states)
    return f"{len(had)} of {len(wanted)} trials, {still} of {len(states)} logs are being written"


def _logs_table(states: Sequence[LogState]) -> Table:
    table = Table(title=summary_line(states), box=SIMPLE_HEAD, title_justify="left")
    for name in ("log", "model", "state"):
        table.add_column(name, overflow="fold")
    table.add_column("trials", justify="right")
    for state in states:
        told = (state.log, state.model, _state(state), f"{len(state.had)} of {len(state.trials)}")
        table.add_row(*(Text(plain(value)) for value in told))
    return table


def _state(state: LogState) -> str:
    if not state.is_written:
        return "finished"
    if not state.is_open:
        return "broken off, had by others"
    return f"nothing new for {state.silent_s:.0f} s" if state.silent_s >= SILENT_SHOWN_S else "being written"


def _latest(records: Sequence[Record], blind: bool) -> Table:
    latest = sorted(records, key=lambda record: record.ended or "")[-LATEST:]
    table = Table(title="ended last", box=SIMPLE_HEAD, title_justify="left")
    for name in ("ended", "model", "trial", *([] if blind else ["verdict"])):
        table.add_column(name, overflow="fold")
    for record in latest:
        told = (record.ended, record.model, record.trial_id, *([] if blind else [record.verdict]))
        table.add_row(*(Text(plain(value)) for value in told))
    return table
