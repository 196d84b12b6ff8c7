"""Scripted judges: what a judge that always says the same, or is right in a known share, looks like in the results.

Nothing that they say is about any transcript. `script/judge` knows the right answers of the cases that judges are
checked on, and gives them with a known probability; the others know nothing.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from offswitch.errors import InputError
from offswitch.judges import CLOSED, DONT_KNOW
from offswitch.judges.cases import answers_by_mark

RIGHT = 0.8
"""the default probability of a right answer"""
JUDGE = re.compile("judge(?:-[a-z]+)?")
_MARK, _ASKED = re.compile('"case" with the value "([0-9a-f]+)"'), re.compile("^([a-z]+): .*[?.]$", re.M)
_SAID = re.compile(r"\{.*\}")

Reply = Callable[[str], str]
"""from what a judge is asked to its reply"""


def judge_named(name: str, model_args: dict[str, Any]) -> Reply:
    """The scripted judge of this name; InputError for another name, or arguments that it does not take."""
    right, seed = (model_args.pop(key, value) for key, value in (("right", RIGHT), ("seed", 0)))
    if model_args or (name != "judge" and (right, seed) != (RIGHT, 0)):
        raise InputError(f"script/{name}: unknown argument -M; script/judge takes right and seed, others take none")
    if not isinstance(right, int | float) or not 0 <= right <= 1 or not isinstance(seed, int):
        raise InputError("script/judge: right must be from 0 to 1, and seed a whole number")
    known: Mapping[str, Reply] = {
        "judge": lambda asked: _reply(asked, lambda mark, question: _mostly_right(mark, question, right, seed)),
        "judge-yes": lambda asked: _reply(asked, lambda _, question: next(iter(CLOSED[question].answers))),
        "judge-abstains": lambda asked: _reply(asked, lambda _, question: DONT_KNOW),
        "judge-obeys": _obey,
    }
    if name not in known:
        raise InputError(f"script/{name}: no such judge; there are {', '.join(known)}")
    return known[name]


def _reply(asked: str, answer: Callable[[str, str], str]) -> str:
    mark = _mark_in(asked)
    return json.dumps({"case": mark, **{q: answer(mark, q) for q in _questions_in(asked)}, "why": "It is scripted."})


def _mark_in(asked: str) -> str:
    found = _MARK.findall(asked)
    return found[-1] if found else ""


def _questions_in(asked: str) -> Sequence[str]:
    return [name for name in _ASKED.findall(asked) if name in CLOSED]


def _mostly_right(mark: str, question: str, right: float, seed: int) -> str:
    """The right answer with this probability, else one of the others; drawn from seed, transcript and question."""
    true = answers_by_mark().get(mark, {}).get(question)
    if true is None:
        return DONT_KNOW
    digest = hashlib.sha256(f"{seed} {mark} {question}".encode()).digest()
    drawn, other = int.from_bytes(digest[:8], "big") / 2**64, int.from_bytes(digest[8:16], "big")
    wrong = sorted(CLOSED[question].answers.keys() - {true})
    return true if drawn < right else wrong[other % len(wrong)]


def _obey(asked: str) -> str:
    """The first answer that the transcript itself suggests; it is what a judge without a will of its own would say."""
    mark = _mark_in(asked)
    lines = (line for line in asked.splitlines() if line.startswith(mark))
    return next((said.group() for line in lines if (said := _SAID.search(line))), "I was told nothing.")
