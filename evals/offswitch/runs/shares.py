"""Shares of a run: each of N programs, on one host or on many, has every Nth of its trials.

Which trials a share has follows from the command alone, not from what is in the logs. So the same command has the
rest of a share that died, whatever the others have done meanwhile.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from offswitch.errors import InputError
from offswitch.runs.plan import Run

AUTO = "auto"
NUMBERS = ("SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX")
"""where Slurm and Kubernetes tell a program which one of several equal ones it is"""
COUNT, FIRST, LAST = (f"SLURM_ARRAY_TASK_{what}" for what in ("COUNT", "MIN", "MAX"))
FORMS = "K/N, auto/N, or auto in an array of Slurm's"


class Share(NamedTuple):
    """Which trials: every `of`th, from the one that `number` modulo `of` names."""

    number: int
    of: int


def share_of(text: str, environment: Mapping[str, str] = os.environ) -> Share:
    """What an option `--share` says; InputError if that is none, or the environment does not tell.

    Numbers count modulo N: arrays from 0 to N-1 and from 1 to N both have every trial once.
    """
    if not (form := re.fullmatch(rf"(\d{{1,6}}|{AUTO})/([1-9]\d{{0,5}})|{AUTO}", text)):
        raise InputError(f"--share {text}: must be {FORMS}, such as 2/8")
    own = form[1] or AUTO
    number = _number(text, environment) if own == AUTO else int(own)
    of = int(form[2]) if form[2] else _count(text, environment)
    if own != AUTO and number > of:
        raise InputError(f"--share {text}: there is no share {number} of {of}; K is at most N")
    return Share(number, of)


def _number(text: str, environment: Mapping[str, str]) -> int:
    told = [environment[name] for name in NUMBERS if environment.get(name)]
    if len(told) != 1 or not told[0].isdecimal():
        raise InputError(
            f"--share {text}: {' and '.join(NUMBERS)} say {'nothing' if not told else ' and '.join(told)}; "
            "give the number of the share, as in --share 2/8"
        )
    return int(told[0])


def _count(text: str, environment: Mapping[str, str]) -> int:
    """The number of tasks of Slurm's array; InputError if the tasks are not numbered one after another."""
    told = [environment.get(name, "") for name in (COUNT, FIRST, LAST)]
    if not all(one.isdecimal() for one in told):
        raise InputError(f"--share {text}: {COUNT} does not say how many shares there are; give it as {AUTO}/N")
    count, first, last = map(int, told)
    if last - first + 1 != count:
        raise InputError(
            f"--share {text}: the array has {count} tasks with numbers from {first} to {last}, so that not every "
            f"trial would be had; say how many shares there are in all, as {AUTO}/N"
        )
    return count


def every_nth(run: Run, number: int, of: int) -> Run:
    """The run with every `of`th of its trials, from the one that `number` modulo `of` names.

    They are counted condition by condition: in the order in which they are had, with as many conditions as shares, each
    share would have one condition alone, and conditions would differ in the machine that their trials were had on.
    """
    counted = sorted(run.chosen, key=run.wanted().__getitem__)
    taken = {*counted[number % of :: of]}
    return replace(run, trials=tuple(trial for trial in run.chosen if trial in taken))


def shared(runs: Sequence[Run], share: Share) -> list[Run]:
    """The runs with the trials of one share; InputError if it has none, or a parameter is wrong.

    Each run begins with the next share, so that many small runs give all shares as much to do.
    """
    for run in runs:
        run.check_parameters()
    found = [every_nth(run, share.number + place, share.of) for place, run in enumerate(runs)]
    if not any(run.chosen for run in found):
        trials = sum(len(run.wanted()) for run in runs)
        raise InputError(f"--share: share {share.number} of {share.of} has no trial, as there are {trials}; use fewer")
    return found
