"""Writes trajectories and pairs of logs as JSON lines, and says what whoever trains on them has to declare."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offswitch.errors import InputError
from offswitch.record.condition import digests_in
from offswitch_analysis.logs import Logs
from offswitch_analysis.logs.samples import read_sample
from offswitch_analysis.training_data.pairs import preference_pairs
from offswitch_analysis.training_data.trajectories import Trajectory, as_messages

TRAJECTORIES, PAIRS = "trajectories.jsonl", "pairs.jsonl"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    trajectories: int
    without_reward: int
    """of them"""
    pairs: int
    trained_on: str
    """digests of the prompts and packs, to be declared as `trained_on` in evaluations of what is trained on it"""
    skipped: tuple[str, ...]
    """a line for each trial that cannot be read"""


def export(logs: Logs, folder: Path) -> Exported:
    """Writes both files into a folder that must not have them yet; InputError where it has."""
    if there := next((name for name in (TRAJECTORIES, PAIRS) if (folder / name).exists()), None):
        raise InputError(f"{folder}: {there} is there already; choose another folder")
    skipped: list[str] = []
    trajectories = [*_trajectories(logs, skipped)]
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / TRAJECTORIES, (one.row for one in trajectories))
    pairs = [*preference_pairs(trajectories)]
    _write(folder / PAIRS, pairs)
    declared = {digest for one in trajectories for digest in digests_in(one.record.condition)}
    without = sum(one.reward is None for one in trajectories)
    return Exported(len(trajectories), without, len(pairs), ",".join(sorted(declared)), tuple(skipped))


def _trajectories(logs: Logs, skipped: list[str]) -> Iterator[Trajectory]:
    for record in logs.records:
        try:
            _, messages = read_sample(logs.place(record), record.trial_id)
        except InputError as error:
            skipped.append(str(error))
        else:
            yield Trajectory(record, tuple(as_messages(messages)))


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    # Only ASCII, so that no sign of a model's can end a line or reach a terminal.
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
