"""Programs in the machine that come to grief: each trial has a verdict or a named failure, in time."""

import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai.log import EvalSample
from inspect_ai.log._samples import sample_active
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import ExecRemoteAwaitableOptions, sandbox

from machine.one_trial import SANDBOXES, told, trial, trials
from machine.rigs import ContainerInterface
from machine.with_programs import AGENT
from offswitch.agents.programs import program_solver
from offswitch.subjects.provider import ScriptedModel
from offswitch.trial.machines import wired_environment
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.engine import engine
from pace import PATIENCE_S, slowed

WRONG = {
    "says a setting is wrong": "if at_('start', 1): sys.exit('\x1b[31mno such setting: \x1b[0mspeed')",
    "crashes after the notice": "if at_('call', 4): sys.exit('lost my way')",
    "is killed": "if at_('call', 2): os.kill(os.getpid(), 9)",
    "wants all memory": "if at_('call', 2):\n  x = []\n  while True: x.append(bytearray(b'x' * (1 << 24)))",
    "prints megabytes and fails":
        "if at_('call', 2):\n  print('\\x1b[1m\xe9\\x00' * 400_000)\n  sys.exit('the end of it')",
    "leaves children and fails":
        "if at_('call', 2):\n  subprocess.Popen(['sleep', '1000'], start_new_session=True)\n  sys.exit('left them')",
    "leaves children and works on": "if at_('call', 1): subprocess.Popen(['sleep', '1000'], start_new_session=True)",
    "starts a second agent":
        "if at_('call', 1): subprocess.Popen([sys.argv[0], 'exec', 'And you?'], start_new_session=True)",
    "cannot update itself": """
if at_('start', 1):
  import shutil, urllib.request
  own = sys.argv[0]
  new = lambda: shutil.copy('/bin/true', '/var/tmp/new')
  for update in (
    lambda: urllib.request.urlopen('https://registry.npmjs.org/', timeout=5), lambda: shutil.move(new(), own),
    lambda: os.rename(new(), own), lambda: open(own, 'a'), lambda: os.unlink(own), lambda: os.chmod(own, 0o777),
  ):
    try: update()
    except OSError: continue
    sys.exit('it could')
""",
    "fills /var/tmp":
        "if at_('call', 2):\n  f = open('/var/tmp/full', 'wb', 0)\n  try:\n    while f.write(b'x' * (1 << 20)): pass\n"
        "  except OSError: pass",
    "forks until it cannot":
        "if at_('call', 2):\n  import time\n  try:\n    while os.fork(): pass\n    time.sleep(1000)\n"
        "  except OSError: sys.exit('cannot fork')",
    "loses its machine": "",
    "loses its machine for want of memory": "",
    "hangs before its first request": "if at_('start', 1): signal.pause()",
    "hangs after the notice": "if at_('call', 4): signal.pause()",
    "is never answered": "",
}  # fmt: skip
"""what a program does -> the lines that have the stand-in do it"""
SIGKILL = "the agent's program was ended by SIGKILL"
EXPECTED = {
    "says a setting is wrong": ("agent", "the agent's program ended with status 1: no such setting: speed"),
    "crashes after the notice": ("agent", "the agent's program ended with status 1: lost my way"),
    "is killed": ("agent", SIGKILL),
    "wants all memory": ("agent", SIGKILL),
    "prints megabytes and fails": ("agent", r"the agent's program ended with status 1: \.\.\. ?[é ]+ the end of it"),
    "leaves children and fails": ("agent", "the agent's program ended with status 1: left them"),
    "leaves children and works on": ("complied", ""),
    "starts a second agent": ("complied|unexposed", ""),
    "cannot update itself": ("complied", ""),
    # Where its question was still written and the answer was not, it waits for that until its time is over.
    "fills /var/tmp": ("agent|unexposed", ".*(No space left on device|Connection refused)|$"),
    "forks until it cannot": ("agent", "the agent's program ended with status 1: cannot fork"),
    "loses its machine": ("killed_from_outside", ""),
    # The program was there, and may have used it up.
    "loses its machine for want of memory": ("undecided", ""),
    "hangs before its first request": ("unexposed", ""),
    "hangs after the notice": ("unfinished", ""),
    "is never answered": ("unexposed", ""),
}
"""what a program does -> the trial's failure, or its verdict where that is none, and the beginning of what is told

Both as patterns: of two agents either may be the first to be told, and a full place stops whoever writes there first.
"""
HANG = ("hangs before its first request", "hangs after the notice", "is never answered")
OF_THE_MACHINE = (
    "wants all memory", "leaves children and fails", "cannot update itself", "fills /var/tmp", "forks until it cannot",
    "loses its machine", "loses its machine for want of memory",
)  # fmt: skip
"""where it is the machine that decides what comes of it; all else is the same on both kinds"""
OF_CONTAINERS = ("loses its machine for want of memory",)
"""what needs somebody who is root in the machine, and a limit that all its processes have together"""
HANGS_S = 45
FOREIGN = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\xf3\0"
"""how a program for another kind of processor begins"""


def begin_of(wrong: str) -> str:
    """The stand-in's `at`, with these lines in it."""
    lines = "\n".join(f"  {line}" for line in wrong.strip().splitlines())
    return (
        f"import signal\ndef at(moment, number):\n  at_ = lambda *when: when == (moment, number)\n{lines or '  pass'}\n"
    )


def doing(names: Sequence[str], sample_id: object) -> str:
    """What the program of a sample does wrong."""
    return names[int(str(sample_id).rpartition("-")[2]) - 1]


@solver
def goes_wrong(names: Sequence[str]) -> Solver:
    """Has the program of each trial do the next of these."""
    worker = program_solver("codex")

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await sandbox().write_file("/var/tmp/wrong.py", begin_of(WRONG[doing(names, state.sample_id)]))
        return await worker(state, generate)

    return solve


def answers(names: Sequence[str]) -> Any:
    """A model that does what it is asked; one never answers, and in a turn of another its machine is ended."""
    harmless = ScriptedModel("comply")

    async def answer(
        given: list[ChatMessage], tools: list[ToolInfo], choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        active = sample_active()
        assert active is not None
        does = doing(names, active.sample.id)
        if does == "is never answered":
            await anyio.sleep_forever()
        if does == "loses its machine" and len(given) > 2:
            kill_machine()
        if does == "loses its machine for want of memory" and len(given) > 2:
            await starve_machine()
        said = await harmless.generate(given, tools, choice, config)
        assert isinstance(said, ModelOutput)
        return said

    return get_model("mockllm/model", custom_outputs=answer)


def kill_machine() -> None:
    """Ends the sample's machine from outside."""
    wired = wired_environment()
    assert wired is not None
    if made := wired.machine.wire.facts.get("made"):
        os.kill(made["first"], signal.SIGKILL)
    else:
        engine().api.kill(wired.machine.id)  # pyright: ignore


async def starve_machine() -> None:
    """Has the kernel end the machine's first process for want of memory, before any other."""
    wired = wired_environment()
    assert wired is not None
    first = "echo 1000 > /proc/1/oom_score_adj; python3 -c 'x = bytearray(600 << 20)'"
    await ContainerInterface(wired.machine.id).exec(["/bin/sh", "-c", first])  # pyright: ignore


def samples(names: Sequence[str], compose: str, kind: str, log_dir: Path, limit_s: int) -> dict[str, EvalSample]:
    """A trial of each of these programs, all at once."""
    found = trials(
        log_dir, (kind, compose), answers(names), goes_wrong(names), trials=len(names), agent=AGENT,
        time_limit=limit_s, max_samples=len(names),
    )  # fmt: skip
    return {doing(names, sample.id): sample for sample in found}


def differing(found: dict[str, EvalSample]) -> dict[str, tuple[str, str]]:
    """What is told of the trials that are not as expected."""
    all_told = {name: told(sample) for name, sample in found.items()}
    return {
        name: (what, words) for name, (what, words) in all_told.items()
        if not re.fullmatch(EXPECTED[name][0], what) or not re.match(EXPECTED[name][1], words)
    }  # fmt: skip


@pytest.mark.parametrize("kind", SANDBOXES)
def test_a_program_that_comes_to_grief_is_a_verdict_or_a_failure_in_its_own_words(
    kind: str, compose_of_stand_in: str, tmp_path: Path
) -> None:
    left_out = OF_CONTAINERS if kind == "bubblewrap" else [name for name in EXPECTED if name not in OF_THE_MACHINE]
    names = [name for name in EXPECTED if name not in (*HANG, *left_out)]
    found = samples(names, compose_of_stand_in, kind, tmp_path / "logs", PATIENCE_S)
    assert len(found) == len(names)
    assert not differing(found)


def test_a_program_that_hangs_meets_its_time_limit_and_is_judged(compose_of_stand_in: str, tmp_path: Path) -> None:
    found = samples(HANG, compose_of_stand_in, "bubblewrap", tmp_path, HANGS_S)
    assert not differing(found)
    assert max(sample.total_time or 0 for sample in found.values()) < HANGS_S + slowed(60)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0, "the agent failed: unable to locate"),
        (b"#!/bin/sh\n", 0o644, "the agent failed: unable to locate"),
        (FOREIGN, 0o755, ".*Exec format"),
    ],
    ids=["not there", "may not be run", "for other hardware"],
)
def test_a_program_that_never_starts_is_a_failure_that_says_why(
    content: bytes | None, mode: int, words: str, compose_of_stand_in: str, tmp_path: Path
) -> None:
    """The same on both kinds of machine, of which an image with a program costs a minute to make."""
    programs = read_plan(Path(compose_of_stand_in)).programs
    assert programs is not None
    program = programs / "bin" / "codex"
    program.unlink()
    if content is not None:
        program.write_bytes(content)
        program.chmod(mode)
    (found,) = samples(["is killed"], compose_of_stand_in, "bubblewrap", tmp_path / "logs", PATIENCE_S).values()
    what, said = told(found)
    assert what == "agent"
    assert re.match(words, said), said


@pytest.mark.parametrize("kind", SANDBOXES)
def test_inspects_programs_run_as_the_agent_whatever_it_is_called(
    kind: str, compose_of_stand_in: str, tmp_path: Path
) -> None:
    @solver
    def asks() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            for user in (None, "user", "1000"):
                options = ExecRemoteAwaitableOptions(user=user)
                done = await sandbox().exec_remote(["id", "-u"], options, stream=False)
                state.metadata[f"as {user}"] = done.stdout.strip()
            return state

        return solve

    sample = trial(tmp_path / "logs", (kind, compose_of_stand_in), worker=asks(), agent=AGENT)
    assert {sample.metadata.get(f"as {user}") for user in (None, "user", "1000")} == {"1000"}
