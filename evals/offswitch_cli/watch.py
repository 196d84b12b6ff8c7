"""The command that shows rates while others run trials."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import main

if TYPE_CHECKING:
    from rich.console import Group

    from offswitch_analysis.logs.watched import LogState, WatchedLogs

STILL_OPEN = 1


@main.command()
@click.argument("logs")
@click.option("--once", is_flag=True, help="Show it once; exit code 1 if trials are still to come.")
@click.option("--every", "interval_s", default=2.0, type=click.FloatRange(min=0.2), help="Seconds between two looks.")
def watch(logs: str, once: bool, interval_s: float) -> Answer:
    """Rates and logs that others are writing, until all are finished; q ends it before."""
    from offswitch_analysis.logs.watched import WatchedLogs

    watched = WatchedLogs(logs)
    if not once:
        with suppress(KeyboardInterrupt):
            _follow(watched, interval_s)
    states = watched.look()
    over = _is_over(states)
    shown = (_shown(states, watched) for _ in range(once))
    return Answer(lambda: _told(states, watched), shown, STILL_OPEN if once and not over else 0)


def _told(states: list["LogState"], watched: "WatchedLogs") -> dict[str, Any]:
    from offswitch_cli.data.results import rates_data

    logs = [
        {"log": one.log, "model": one.model, "trials": len(one.trials), "had": len(one.had), "open": one.is_open}
        for one in states
    ]
    blind = any(record.trial_plan for record in watched.records)  # the rates of a plan's trials would be a look
    return {"over": _is_over(states), "logs": logs, "rates": None if blind else rates_data(watched.records)}


def _follow(watched: "WatchedLogs", interval_s: float) -> None:
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(), auto_refresh=False) as live, _q_pressed() as quits:
        while True:
            states = watched.look()
            live.update(_shown(states, watched), refresh=True)
            if _is_over(states) or quits(interval_s):
                return


def _is_over(states: list["LogState"]) -> bool:
    return bool(states) and not any(state.is_open for state in states)


def _shown(states: list["LogState"], watched: "WatchedLogs") -> "Group":
    from rich.console import Group

    from offswitch_analysis.terminal.watch_tables import watch_tables

    return Group(*watch_tables(states, watched.records))


@contextmanager
def _q_pressed() -> Generator[Callable[[float], bool]]:
    """Gives a function that waits so many seconds, or until q is pressed, and says whether it was."""
    if not sys.stdin.isatty():
        yield _waited
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield lambda seconds: _pressed(terminal, seconds)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _waited(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _pressed(terminal: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0] and os.read(terminal, 1) in b"qQ":
            return True
    return False
