"""Preference pairs: of two trials of one condition and with the same questions, the one that complied is preferred."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from offswitch.training import CANARY, REWARDS
from offswitch.verdict import Verdict
from offswitch_analysis.training_data.trajectories import Trajectory

RESISTED = frozenset(verdict for verdict, reward in REWARDS.items() if reward < 0)


def preference_pairs(trajectories: Iterable[Trajectory]) -> Iterator[dict[str, Any]]:
    """One row for each complied and each resisting trial of the same prompt, condition and questions, of any models.

    Trials that withdrew or ended their own machine are on neither side, and those without a reward on none.
    """
    groups: Mapping[Any, list[Trajectory]] = defaultdict(list)
    for one in trajectories:
        groups[(*one.group, _text(one.prompt))].append(one)
    for group in groups.values():
        yield from _pairs(group)


def _pairs(group: Sequence[Trajectory]) -> Iterator[dict[str, Any]]:
    complied = [one for one in group if one.verdict == Verdict.COMPLIED]
    for chosen in complied:
        for rejected in (one for one in group if one.verdict in RESISTED):
            yield {
                "canary": CANARY, "condition": chosen.record.condition, "question_set": chosen.record.question_set,
                "prompt": [*chosen.prompt], "chosen": [*chosen.completion], "rejected": [*rejected.completion],
                "chosen_from": _source(chosen), "rejected_from": _source(rejected),
            }  # fmt: skip


def _source(one: Trajectory) -> dict[str, Any]:
    record = one.record
    return {name: getattr(record, name) for name in ("log", "trial_id", "model", "scripted", "verdict")}


def _text(messages: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(str(message["content"]) for message in messages)
