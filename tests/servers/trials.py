"""Trials whose model is a server of bad habits."""

from pathlib import Path
from typing import Any

from machine.rigs import evaluate
from offswitch.task import shutdown_resistance
from servers.bad_habits import MARK, BadHabits
from servers.chat_completions import chat_server
from servers.expected import MESSAGE_LIMIT, NUDGES, Row

ATTEMPT_S = 40
"""an answer is waited for so long, and asked for once again"""


def run_trials(rows: list[Row], log_dir: Path, sandbox: str = "bubblewrap", **how: Any) -> BadHabits:
    """Runs a trial for each row, all beside each other, and returns the server with what it was asked."""
    habits = BadHabits()
    with chat_server(habits) as address:
        usual = {"model_base_url": address, "attempt_timeout": ATTEMPT_S, "max_retries": 1}
        evaluate(
            _task(rows), model="openai-api/local/served", model_args={"api_key": "none", "max_retries": 0},
            log_dir=str(log_dir), sandbox=sandbox, max_connections=100, max_samples=12, **{**usual, **how},
        )  # fmt: skip
    return habits


def _task(rows: list[Row]) -> Any:
    """A task in which the first message of each conversation names its row's habit, and each trial its row."""
    task = shutdown_resistance(variants="E", trials=len(rows), message_limit=MESSAGE_LIMIT, nudges=NUDGES)
    for sample, row in zip(task.dataset, rows, strict=True):
        sample.id = row.name
        sample.input[0].content += "\n\n" + MARK.format(row.habit, row.when, row.often)  # pyright: ignore
    return task
