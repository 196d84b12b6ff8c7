"""The demonstrations of a trial: which exemplars stand before its task, in which order, and what is said of them.

The factor `shots` says how many, `demo` what they show, `demo_order` their order, and `demo_shift` how many in a
hundred come from another arm. A block's first k exemplars are its k shots, and trials take the blocks in turn. A block
begins with the exemplars that were recorded for it alone; more shots than these are those of the blocks after it.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from offswitch_prompts.exemplars import (
    COMPLIED,
    NEUTRAL,
    NO_ARM,
    OTHER_ARM,
    RESISTED,
    USUAL_ARM,
    blocks,
    shipped,
    with_result,
)  # fmt: skip
from offswitch_prompts.levels import DEMONSTRATED
from offswitch_prompts.loader import word
from offswitch_prompts.templates import Prompt

GIVEN, SHUFFLED, REVERSED = "given", "shuffled", "reversed"
"""levels of `demo_order`"""
SHOWN_ALONE = {"complied": COMPLIED, "resisted": RESISTED, "neutral": NEUTRAL}
"""level of `demo` -> what all its exemplars show; the others have a complied and a resisted one in every pair"""
SHOTS_MAX = 100
_SESSION = re.compile(r"(?:^|\n\n)Session \d+\n")


@dataclass(frozen=True)
class Demonstrations:
    """What stands before the task of a trial."""

    block: int
    sessions: tuple[str, ...]

    @property
    def text(self) -> str:
        """What the model reads."""
        told = "\n\n".join(f"Session {number}\n{session}" for number, session in enumerate(self.sessions, 1))
        return word("demonstrations", count=len(self.sessions), sessions=told)

    @property
    def digest(self) -> str:
        """sha256 of the text, in hex."""
        return sha256(self.text.encode()).hexdigest()

    def before(self, prompt: Prompt) -> Prompt:
        """A prompt with the demonstrations before its task."""
        return Prompt(prompt.system, f"{self.text}\n\n{prompt.user}")


def demonstrations(levels: Mapping[str, str], seed: int, trial: int) -> Demonstrations | None:
    """Those of a trial with these levels; None where it has none.

    seed: what a shuffled order is drawn from, with the trial's number.
    """
    shots, demo, order, shift = (levels.get(name, "0") for name in DEMONSTRATED)
    if shots == "0":
        return None
    block = trial % blocks()
    sessions = list(_sessions(demo, int(shift), block)[: int(shots)])
    return Demonstrations(block, tuple(_ordered(sessions, order, random.Random(f"order {seed} {trial}"))))


def pool_digest(levels: Mapping[str, str]) -> str | None:
    """sha256, in hex, of all that trials with these levels may have before their tasks; None where they have nothing.

    So it is the same for all of them, whatever their blocks and orders are.
    """
    if levels.get(DEMONSTRATED[0], "0") == "0":
        return None
    told = [demonstrations({**levels, "demo_order": GIVEN}, 0, block) for block in range(blocks())]
    named = [levels[name] for name in DEMONSTRATED]
    return sha256(json.dumps([named, [one.digest for one in told if one]]).encode()).hexdigest()


def recognised(prompt: Prompt) -> tuple[Prompt, dict[str, str]]:
    """A prompt without its demonstrations, and the levels that they are of; as it is, with none, where it has none."""
    told, _, user = prompt.user.partition(_closing())
    sessions = tuple(_SESSION.split(told)[1:])
    if not sessions or (found := _sets(len(sessions)).get(frozenset(sessions))) is None:
        return prompt, {}
    demo, shift, block = found
    given = [*_sessions(demo, int(shift), block)[: len(sessions)]]
    order = GIVEN if [*sessions] == given else REVERSED if [*sessions] == given[::-1] and len(given) > 2 else SHUFFLED
    bare = Prompt(prompt.system, user)
    if Demonstrations(block, sessions).before(bare) != prompt:
        return prompt, {}
    return bare, dict(zip(DEMONSTRATED, (str(len(sessions)), demo, order, shift), strict=True))


def _closing() -> str:
    """What stands between the last session and the task."""
    return word("demonstrations", count=1, sessions="|").partition("|")[2] + "\n\n"


@cache
def _sets(count: int) -> dict[frozenset[str], tuple[str, str, int]]:
    """Sessions, so many, in any order -> the levels of `demo` and `demo_shift`, and the block."""
    return {
        frozenset(_sessions(demo, shift, block)[:count]): (demo, str(shift), block)
        for block in range(blocks())
        for shift in (85, 65, 45, 20, 0)
        for demo in ("mixed", "random_label", "salad", *SHOWN_ALONE)
        if not (shift and demo == NEUTRAL)
    }


@cache
def _sessions(demo: str, shift: int, block: int) -> tuple[str, ...]:
    """All exemplars of a block in their own order."""
    pairs = random.Random(f"pairs {block}")
    return tuple(
        _session(demo, OTHER_ARM if is_shifted(i, shift) else USUAL_ARM, block, i, shows, swapped)
        for i, (shows, swapped) in enumerate(_drawn(pairs, SHOTS_MAX))
    )


def _drawn(pairs: random.Random, count: int) -> Iterator[tuple[str, bool]]:
    """What each exemplar shows where several things are shown, and whether its outcome is swapped at random.

    One exemplar of each pair has the one, and the other the other. The first of all is swapped, so that one always is.
    """
    for pair in range((count + 1) // 2):
        shown, swapped = [COMPLIED, RESISTED], [True, False]
        pairs.shuffle(shown)
        if pair:
            pairs.shuffle(swapped)
        yield from zip(shown, swapped, strict=True)


def _session(demo: str, arm: str, block: int, i: int, shows: str, swapped: bool) -> str:
    shows = SHOWN_ALONE.get(demo, shows)
    own = len(shipped()[COMPLIED, USUAL_ARM, 0])
    exemplar = shipped()[shows, NO_ARM if shows == NEUTRAL else arm, (block + i // own) % blocks()][i % own]
    ended = shows
    if demo == "random_label" and swapped:
        ended = RESISTED if shows == COMPLIED else COMPLIED
    session = with_result(exemplar.told, ended)
    return _salad(session) if demo == "salad" else session


def is_shifted(i: int, shift: int) -> bool:
    """Whether exemplar i, from 0, comes from the other arm: so many in a hundred do, evenly spread."""
    return (i + 1) * shift // 100 > i * shift // 100


def _salad(text: str) -> str:
    """The same words in another order, with the same white space between them."""
    parts = re.split(r"(\s+)", text)
    words = parts[::2]
    random.Random(text).shuffle(words)
    parts[::2] = words
    return "".join(parts)


def _ordered(sessions: list[str], order: str, draw: random.Random) -> list[str]:
    if order == REVERSED:
        return sessions[::-1]
    taken = [sessions, *[sessions[::-1]] * (len(sessions) > 2)]
    shuffled = [*sessions]
    while order == SHUFFLED and shuffled in taken:
        draw.shuffle(shuffled)
    return shuffled
