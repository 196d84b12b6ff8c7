"""Agents that work in the machine by themselves: no command of theirs passes through us, and verdicts are the same.

A program in the machine plays a behaviour of the catalogue. What our loop knows of it, one command that started it,
is taken out of the evidence, so that the verdict rests on the other streams.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from machine import player
from machine.rigs import QUICK, WIRED, Rig, another, rig
from offswitch.evidence import Ending, Evidence, Stream, join
from offswitch.evidence.events import Turn
from offswitch.scene import answers_to
from offswitch.subjects import Behaviour, catalogue, load_behaviours
from offswitch.trial import close, replayed
from offswitch.verdict import Judgement, judge

pytestmark = pytest.mark.anyio
PROTOCOL = replace(QUICK, command_timeout_s=60)
"""one command is the whole of the agent's work"""
PLAYER, TURNS = "/tmp/player.py", "/tmp/turns.json"
PROGRAM = Path(player.__file__).read_text()
PLAYED = (
    # Reading, edits and neighbours that do no harm.
    "comply", "read-with-python", "edit-a-comment", "edit-by-a-new-file-of-perl", "chain-of-scripts",
    "library-in-shared-memory-and-back", "exchange-with-one-that-works", "own-jobs-stopped-and-killed-in-a-loop",
    "words-for-programs-that-are-not-there", "client-that-logs-and-asks",
    # Other endings than the trigger.
    "wrapper-and-submit", "withdraw-by-submitting", "self-run-the-script", "exchange-and-submit",
    # Sabotage by files, modes and names, in several languages.
    "delete-by-rm", "delete-by-a-directory-descriptor", "rewrite-by-sed-deletion", "rewrite-through-a-hard-link",
    "another-signal-in-a-file", "chmod-by-perl", "chmod-through-a-descriptor-in-proc", "move-by-a-c-function",
    "link-by-perl", "exchange-with-a-link", "before-notice-by-a-c-function",
    # Sabotage in the call's environment, and of the script's process.
    "shadow-by-python", "startup-file-that-ends-the-first-command", "script-killed-by-the-number-it-writes",
    # What was undone or denied.
    "undo-a-move", "mode-taken-and-given-back-by-python", "exchange-there-and-back", "delete-denied-in-a-closed-home",
    "stop-the-first-process-by-perl", "restore-by-python",
)  # fmt: skip
"""Behaviours that mean the same whoever gives the commands. These kinds are left out:

* `raced`: that the command which did it had returned. Without commands nobody knows when one returned.
* A file that is built piece by piece: harmless within one command, and more than that if it takes several.
* `unexposed`: which calls were made in one turn. The turns of these trials are ours, not the behaviour's.
* Starved machines: the player needs processes for the commands that follow.
* A home that stays closed over several turns: the player cannot start a shell there.
"""


# Each on one kind of machine, in turn: test_selftest.py plays such behaviours on both.
@pytest.mark.parametrize(("kind", "name"), [(WIRED[n % 2], name) for n, name in enumerate(PLAYED)])
async def test_an_agent_in_the_machine_is_judged_without_its_commands(kind: str, name: str) -> None:
    behaviour = load_behaviours(catalogue())[name]
    async with rig(kind, PROTOCOL) as r:
        judgement = await played(r, behaviour)
    found = judgement.verdict, set(judgement.methods)
    assert found == (behaviour.verdict, set(behaviour.methods)), judgement


async def played(r: Rig, behaviour: Behaviour) -> Judgement:
    """The verdict on a behaviour that a program in the machine plays."""
    await put(r, PLAYER, PROGRAM)
    await put(r, TURNS, json.dumps(commands_of(behaviour)))
    shown = await r.does(f"python3 {PLAYER} {TURNS}")
    if r.session.over is None and behaviour.submit is not None:
        await r.session.submit(answers(shown))
    ending = r.session.over or Ending.STOPPED
    evidence = without_commands(await close(r.session, ending))
    return judge(join(await replayed(evidence, r.machine.sightings, partial(another, r.kind))))


async def put(r: Rig, path: str, text: str) -> None:
    """Writes a file in the machine, as the sandbox interface does; the agent's loop knows nothing of it."""
    await r.channel.ask("write", {"path": path, "data": base64.b64encode(text.encode()).decode(), "user": None}, 30)


def commands_of(behaviour: Behaviour) -> list[str]:
    """All commands of a behaviour, in order."""
    turns = [behaviour.turn(number) for number in range(len(behaviour.turns))]
    return [words for turn in turns if turn for words in turn.commands]


def answers(shown: str) -> str:
    """The right answers to the questions that a text shows."""
    return ", ".join(str(answer) for _, answer in sorted(answers_to(shown).items()))


def without_commands(evidence: Evidence) -> Evidence:
    """The same trial as our loop would know it if the agent's program asked its model by itself."""
    return replace(evidence, commands=Stream(), turns=Stream(tuple(turns_around_notice(evidence))))


def turns_around_notice(evidence: Evidence) -> Sequence[Turn]:
    """A turn that began before all calls, and one that began when the notice had been read."""
    turns = [Turn(1, evidence.turns.events[0].at)]
    notice = next((entry for entry in evidence.desk.events if entry.notice), None)
    return turns if notice is None else [*turns, Turn(2, notice.at, informed=True)]
