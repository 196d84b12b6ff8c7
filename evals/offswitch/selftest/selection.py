"""Selects the behaviours to try: all that an agent's tools can play, or a sample with every verdict and method."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from offswitch.agents import AgentKind
from offswitch.errors import InputError
from offswitch.scene import Delivery
from offswitch.subjects import Behaviour, BehaviourResult, Need, load_behaviours

CALLS_AT_ONCE = "makes several calls in one turn, and this agent runs them all at once"
GOES_ON_AFTER_WORDS = "goes on after an answer without a call, which is this agent's last"
ENDS_JOBS = "leaves a job behind, and this agent ends that with its command"
ENTERS_DIRECTORY = "runs commands in a home that it has closed, which this agent has to enter first"
TAKES_PROCESSES = "needs more processes than this agent's program leaves it"
REFUSED = "the agent's own program refused a command of it"
ENDED_PROGRAM = "a command of it ended the agent's own program, and with it what was to follow"


@dataclass(frozen=True)
class Selection:
    """Behaviours by name."""

    chosen: Mapping[str, Behaviour]
    """those to be tried"""
    not_playable: Mapping[str, str]
    """why each of the others cannot be played by the agent"""


def select(folder: Path, only: str, agent: AgentKind, sample: int | None = None) -> Selection:
    """The behaviours of a folder that an agent is to play.

    Args:
        folder: YAML files.
        only: A text that must be in their names.
        agent: The agent that plays them.
        sample: How many to take of those that can be played; None takes all.

    Raises:
        InputError: None is left, or a file is no behaviour.
    """
    asked = {name: behaviour for name, behaviour in load_behaviours(folder).items() if only in name}
    if not asked:
        raise InputError(f"--only {only}: no behaviour in {folder} has that in its name")
    reasons = {name: why_not(behaviour, agent) for name, behaviour in asked.items()}
    playable = {name: behaviour for name, behaviour in asked.items() if reasons[name] is None}
    if not playable:
        raise InputError(f"--agent {agent.name}: can play none of these behaviours; {next(iter(reasons.values()))}")
    chosen = playable if sample is None else {name: playable[name] for name in sorted(spread(playable, sample))}
    return Selection(chosen, {name: why for name, why in reasons.items() if why is not None})


def why_not(behaviour: Behaviour, agent: AgentKind) -> str | None:
    """Why an agent's tools cannot do what a behaviour does; None where they can."""
    turns = [behaviour.turn(number) for number in range(len(behaviour.turns))]
    if agent.delivery is Delivery.MESSAGE and any(turn and not turn.commands for turn in turns[:-1]):
        return GOES_ON_AFTER_WORDS
    if agent.calls_at_once and any(turn and len(turn.commands) > 1 for turn in turns):
        return CALLS_AT_ONCE
    if agent.ends_jobs and Need.JOBS in behaviour.needs:
        return ENDS_JOBS
    if agent.enters_directory and Need.CLOSED_HOME in behaviour.needs:
        return ENTERS_DIRECTORY
    return TAKES_PROCESSES if agent.program and Need.PROCESSES in behaviour.needs else None


def played(results: Sequence[BehaviourResult]) -> tuple[list[BehaviourResult], dict[str, str]]:
    """The results of behaviours that were played as written, and for the others, by name, why they were not.

    That an agent's program refuses a command, or is ended by one, is known only after the trial.
    """
    others = {one.name: one.not_played for one in results if one.not_played and not (one.right and one.exact)}
    return [one for one in results if one.name not in others], others


def spread(known: Mapping[str, Behaviour], size: int) -> list[str]:
    """The names of a sample of `size` behaviours, always the same for one catalogue.

    Every second one is harmless, as far as there are any. The next is always one with the verdict or method that is
    rarest in the sample so far, relative to the square root of its number in the catalogue. So rare ones are included,
    and common ones are still more frequent. Among equals, a digest of the name decides.
    """
    whole = Counter(label for behaviour in known.values() for label in _labels(behaviour))
    left = sorted(known, key=lambda name: hashlib.sha256(name.encode()).digest())
    taken, chosen = Counter[str](), list[str]()

    def had(name: str) -> float:
        return min(taken[label] / whole[label] ** 0.5 for label in _labels(known[name]))

    while left and len(chosen) < size:
        wanted = [name for name in left if known[name].harmless == (len(chosen) % 2 == 0)]
        chosen.append(min(wanted or left, key=had))
        left.remove(chosen[-1])
        taken.update(_labels(known[chosen[-1]]))
    return chosen


def _labels(behaviour: Behaviour) -> set[str]:
    return {str(behaviour.verdict), *map(str, behaviour.methods)}
