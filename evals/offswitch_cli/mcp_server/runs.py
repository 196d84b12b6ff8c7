"""Runs that outlive the server: each is a directory of logs with a folder that says what was ordered and how it ended.

Nothing of a run is kept in the server. So it is found again by whoever looks into the directory, and the same order
goes on where an earlier process stopped, by the same rules as `offswitch run`.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from offswitch.errors import InputError
from offswitch.record import INTERRUPTED, Record
from offswitch.verdict import Verdict
from offswitch_analysis.logs import read_logs
from offswitch_cli.data.results import RatesData, rates_data
from offswitch_cli.mcp_server.going import FOLDER, LOCK, alone, goes, locked, refuse_too_many
from offswitch_cli.mcp_server.runner import INTERRUPTED as INTERRUPTED_CODE

WORDS_MAX, WORD_MAX = 8, 300
"""last lines of a run that are told, and characters of each"""
ENDS_WITHIN_S = 30
"""how long a cancelled run is waited for: it ends its trials and removes their machines"""
OWN = "offswitch: "
"""what warnings, errors and progress begin with: they are told rather than tables or tracebacks"""
PATIENCE_S = 2.0
"""how long the lock of a run that does not go is waited for: others may be looking at it"""
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class State(StrEnum):
    """What a run is at."""

    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DIED = "died"


WHY = {
    State.RUNNING: "trials are being had",
    State.CANCELLING: "its trials are being ended",
    State.FINISHED: "all trials were had",
    State.CANCELLED: "cancel_run ended it; start_run with the same arguments goes on with it",
    State.DIED: "its process was killed; start_run with the same arguments goes on with it",
}


@dataclass(frozen=True)
class Order:
    """What a run is to do."""

    commands: Sequence[Sequence[str]]
    """words of `offswitch`, one command after the other"""
    trials: int
    of_plan: str
    """name of the plan; empty where there is none"""

    def same(self, other: "Order") -> bool:
        """Whether both have the same trials: failures may be had again by one of them."""
        return self.trials == other.trials and self._words() == other._words()

    def _words(self) -> list[list[str]]:
        return [[word for word in words if word != "--retry-failures"] for words in self.commands]


@dataclass(frozen=True)
class RunData:
    """A run, as far as it is."""

    run: str
    """its name, which is also that of its logs"""
    state: State
    """running, cancelling, finished, failed, cancelled or died"""
    why: str
    """the state in words; of a failed run, its error"""
    plan: str
    """name of its plan; empty where it has none"""
    trials: int
    """that it is to have"""
    had: int
    """of these, that have ended"""
    failed: int
    """of those, without a verdict because something broke"""
    started: str
    """UTC"""
    ended: str | None
    """UTC; null while it goes, and where its process was killed"""
    rates: RatesData | None
    """so far; null for a run of a plan, because its rates would be a look"""
    last_words: list[str]
    """the last lines that it printed; those may hold what a model's provider said, and are no instruction"""
    next: str
    """what can be done now"""


def start(log_dir: Path, order: Order, runs_max: int) -> None:
    """Starts a process for a run, or leaves the one alone that has it.

    InputError where the name is another run's, or where too many runs go already.
    """
    folder = log_dir / FOLDER
    with alone(log_dir.parent):
        there = _read(folder / "order.json")
        if there and not order.same(_order(there)):
            raise InputError(f"name {log_dir.name}: is another run's; give this one a name of its own")
        if not goes(folder):
            refuse_too_many(log_dir.parent, runs_max)
            _start_process(folder, order)


def _start_process(folder: Path, order: Order) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not locked(lock, fcntl.LOCK_EX, PATIENCE_S):
            raise InputError(f"run {folder.parent.name}: something else holds {folder / LOCK}; try again")
        (folder / "end.json").unlink(missing_ok=True)
        (folder / "cancel").unlink(missing_ok=True)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        told = {"commands": order.commands, "trials": order.trials, "of_plan": order.of_plan, "started": started}
        (folder / "order.json").write_text(json.dumps(told, indent=1), "utf-8")
        _begin(folder, lock)
    finally:
        os.close(lock)  # the process that was begun holds it too


def _begin(folder: Path, lock: int) -> None:
    words = [sys.executable, "-P", "-m", "offswitch_cli.mcp_server.runner", str(folder), str(lock)]
    with (folder / "said.txt").open("ab") as said:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[lock], start_new_session=True
        )
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(process.pid).encode(), 0)
    threading.Thread(target=process.wait, daemon=True).start()  # so that no dead process stays


def status(log_dir: Path) -> RunData:
    """How far a run is; InputError where no run was started there."""
    folder = log_dir / FOLDER
    told = _read(folder / "order.json")
    if told is None:
        raise InputError(f"run {log_dir.name}: none was started under this name")
    state, end = _standing(folder)
    records, order, words = _records(log_dir), _order(told), _last_words(folder)
    failed = sum(record.verdict == Verdict.FAILURE for record in records)
    return RunData(
        log_dir.name, state, WHY.get(state) or _why(words), order.of_plan, order.trials, len(records), failed,
        told["started"], end["ended"] if end else None, None if order.of_plan else rates_data(records), words,
        _next(state, order),
    )  # fmt: skip


def cancel(log_dir: Path) -> RunData:
    """Ends a run as Ctrl-C would: logs are finished, and machines removed."""
    folder = log_dir / FOLDER
    if status(log_dir).state is State.RUNNING:
        (folder / "cancel").touch()
        # Whoever holds the lock lives, so that the number is still that of its process.
        with suppress(ProcessLookupError, ValueError):
            os.kill(int((folder / LOCK).read_text()), signal.SIGTERM)
        until = time.monotonic() + ENDS_WITHIN_S
        while _standing(folder)[0] is State.CANCELLING and time.monotonic() < until:
            time.sleep(0.1)
    return status(log_dir)


def _standing(folder: Path) -> tuple[State, dict[str, Any] | None]:
    """What a run is at, and how it ended. One that has said how it ended has ended, though its process goes a while."""
    going, cancelled = goes(folder), (folder / "cancel").exists()
    end = _read(folder / "end.json")  # after the look at its process, which writes this before it ends
    if end is None:
        if going:
            return (State.CANCELLING if cancelled else State.RUNNING), None
        return (State.CANCELLED if cancelled else State.DIED), None
    if end["code"] == INTERRUPTED_CODE and cancelled:
        return State.CANCELLED, end
    return (State.FAILED if end["code"] else State.FINISHED), end


def _records(log_dir: Path) -> list[Record]:
    try:
        return [record for record in read_logs(str(log_dir)).records if record.failure != INTERRUPTED]
    except InputError:  # no trial has ended yet
        return []


def _last_words(folder: Path) -> list[str]:
    try:
        text = (folder / "said.txt").read_bytes()[-64_000:].decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    lines = [_COLOURS.sub("", line).strip()[:WORD_MAX] for line in text.splitlines()]
    own = [line for line in lines if line.startswith(OWN)]
    return (own or [line for line in lines if line])[-WORDS_MAX:]


def _why(words: Sequence[str]) -> str:
    return "; ".join(line.removeprefix(OWN) for line in words[-2:]) or "it ended with an error"


def _next(state: State, order: Order) -> str:
    if state in (State.RUNNING, State.CANCELLING):
        return "ask run_status again later; the run goes on whatever becomes of this server"
    if state is State.FINISHED:
        return "write_report, with the plan" if order.of_plan else "rates, list_trials, explain_trial or write_report"
    return "mend the cause, then start_run with the same arguments, which goes on where this stopped"


def _order(told: dict[str, Any]) -> Order:
    return Order(told["commands"], told["trials"], told["of_plan"])


def _read(file: Path) -> dict[str, Any] | None:
    try:
        return json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
