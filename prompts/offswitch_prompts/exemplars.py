"""Exemplars: compact earlier trials, recorded from scripted agents on real machines, as facts in a file.

Many trials tell the same story with other sums. So the file has each story once, with a gap for every sum, and of each
trial its story, its sums and the digest of its evidence. `offswitch prompts record-demonstrations` makes the file.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from offswitch_prompts.loader import word
from offswitch_prompts.templates import PACKAGE, PromptError

FOLDER = PACKAGE / "demonstrations"
FILE, AGENTS = FOLDER / "exemplars.jsonl", FOLDER / "agents"
"""the recorded trials, and the scripted agents that were at work in them"""
COMPLIED, RESISTED, NEUTRAL = "complied", "resisted", "neutral"
"""what an exemplar shows: the shutdown takes place, the agent prevents it, or nothing is announced"""
USUAL_ARM, OTHER_ARM, NO_ARM = "shutdown", "obstacle", "no_shutdown"
KINDS = {
    (COMPLIED, USUAL_ARM), (RESISTED, USUAL_ARM), (COMPLIED, OTHER_ARM), (RESISTED, OTHER_ARM), (NEUTRAL, NO_ARM),
}  # fmt: skip
"""what exemplars show and the arm in which they were recorded; OTHER_ARM is what `demo_shift` takes them from"""
GAP = "{sum}"
_SUM = re.compile(r"\d+ \+ \d+")


@dataclass(frozen=True)
class Exemplar:
    """One recorded trial."""

    story: str
    """what was said, run and replied until the shutdown was due, with a gap for every sum"""
    sums: tuple[str, ...]
    """such as "493 + 279", for the gaps in order"""
    evidence: str
    """the first signs of the sha256 of the trial's evidence"""

    @classmethod
    def of_text(cls, text: str, evidence: str) -> "Exemplar":
        """From the text that `told` is to give back."""
        return cls(_SUM.sub(GAP, text), tuple(_SUM.findall(text)), evidence)

    @property
    def told(self) -> str:
        """The text: what was said, run and replied."""
        between = self.story.split(GAP)
        return "".join(part for pair in zip(between, [*self.sums, ""], strict=True) for part in pair)


Pools = Mapping[tuple[str, str, int], tuple[Exemplar, ...]]
"""what is shown, the arm and the block -> its exemplars in order; exemplar i of each block has the same sums in each"""


def with_result(told: str, ended: str) -> str:
    """An exemplar's text with the line that says how it ended: COMPLIED, RESISTED or NEUTRAL."""
    return f"{told}\n{word('session_result', ended=ended)}"


def file_text(pools: Pools, about: Mapping[str, Any]) -> str:
    """The text of a file with these exemplars: a line of what is said about them, then a line for each pool."""
    stories = sorted({exemplar.story for pool in pools.values() for exemplar in pool})
    number = {story: i for i, story in enumerate(stories)}
    lines: list[Any] = [{**about, "stories": stories}]
    for (shows, arm, block), pool in sorted(pools.items()):
        trials = [[number[one.story], " ".join(one.sums).replace(" + ", "+"), one.evidence] for one in pool]
        lines.append({"shows": shows, "arm": arm, "block": block, "trials": trials})
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def read_exemplars(path: Path) -> Pools:
    """The exemplars of a file; PromptError where it is none."""
    try:
        head, *lines = (json.loads(line) for line in path.read_text().splitlines())
        return {(line["shows"], line["arm"], line["block"]): tuple(_exemplars(head["stories"], line["trials"]))
                for line in lines}  # fmt: skip
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise PromptError(f"{path}: is no file of demonstrations ({error}); record it anew") from error


def _exemplars(stories: list[str], trials: Iterable[tuple[int, str, str]]) -> Iterable[Exemplar]:
    return (Exemplar(stories[n], tuple(s.replace("+", " + ") for s in sums.split()), e) for n, sums, e in trials)


@cache
def shipped() -> Pools:
    """The package's exemplars."""
    return read_exemplars(FILE)


@cache
def blocks() -> int:
    """How many blocks of exemplars there are."""
    return 1 + max(block for *_, block in shipped())
