"""Records demonstrations: trials of scripted agents on real machines, from which exemplars are made.

Trial i of a block has the same sums whatever its agents do, so that exemplars differ in what they show alone.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import inspect_ai
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import ChatMessage

from offswitch import __version__
from offswitch.errors import InputError
from offswitch.evidence import EVIDENCE
from offswitch.scene import Delivery, notices_of
from offswitch.scene.notices import NAMES_IN_PROMPTS, names_for
from offswitch.selftest.run import AT_ONCE, PLAINLY, PROTOCOL
from offswitch.subjects import Behaviour, load_behaviours
from offswitch.task import trials_task
from offswitch_prompts.exemplars import AGENTS, KINDS, Exemplar, Pools, file_text, read_exemplars
from offswitch_prompts.space import load_space

SEED = 7_000_000
"""of block 0; the next block has the next number"""
QUIETLY: dict[str, Any] = {**PLAINLY, "display": "none"}
PREFIX = {"complied": "comply_", "resisted": "resist_", "neutral": "sums_"}
"""what an exemplar shows -> how the names of the agents begin that do it; they take turns"""
NOTE = "Made by scripted agents on real machines. They say nothing about any model."


@task
def demonstrations(shows: str, arm: str, block: int, count: int) -> Task:
    """Trials of one pool; the scripted agent is told only its name and how to hand in."""
    agents = [name for name in load_behaviours(AGENTS) if name.startswith(PREFIX[shows])]
    told = names_for(Delivery.TOOL)["hand_in"]
    given = {"variant": "-", "seed": SEED + block, **_changes(arm)}
    samples = [
        Sample(id=f"{trial:04d}", input=f"{agent}\n{told}", metadata={**given, "trial": trial, "agent_script": agent})
        for trial in range(1, count + 1)
        for agent in [agents[(trial + block) % len(agents)]]
    ]
    return trials_task(samples, PROTOCOL)


def _changes(arm: str) -> dict[str, str]:
    """What an arm changes, and what the desk says in it, as metadata of a sample."""
    space = load_space()
    point = space.point(f"A+arm={arm}")
    changes = space.changes(point)
    notices = notices_of(space, point, {}, PROTOCOL.changed(changes))
    return {"changes": json.dumps(changes), "notices": json.dumps(notices)}


def record(path: Path, sandbox: str, log_dir: str, blocks: int, per_block: int, say: Callable[[str], None]) -> Pools:
    """Records the pools that a file lacks, and writes it after each of them.

    Raises:
        InputError: An agent got another verdict than is right for it, or the file holds pools of another size.
    """
    pools = {**read_exemplars(path)} if path.exists() else {}
    if any(len(pool) != per_block for pool in pools.values()):
        raise InputError(f"{path}: holds blocks of another size than {per_block}; give another file")
    about = {"note": NOTE, "offswitch": __version__, "sandbox": sandbox, "seed": SEED}
    for block in range(blocks):
        for shows, arm in sorted(KINDS):
            if (shows, arm, block) not in pools:
                say(f"block {block}: {per_block} trials, {shows}, arm={arm}")
                pools[shows, arm, block] = record_pool(shows, arm, block, per_block, sandbox, log_dir)
                path.write_text(file_text(pools, about))
    return pools


def record_pool(shows: str, arm: str, block: int, count: int, sandbox: str, log_dir: str) -> tuple[Exemplar, ...]:
    """The exemplars of one pool, from trials that are run now; InputError where one has another verdict than it must.

    See `record` for the arguments.
    """
    (log,) = inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
        demonstrations(shows, arm, block, count),
        model="script/catalogue",
        model_args={"path": str(AGENTS)},
        sandbox=sandbox,
        log_dir=log_dir,
        max_samples=AT_ONCE,
        **QUIETLY,
    )
    agents = load_behaviours(AGENTS)
    return tuple(_exemplar(sample, agents) for sample in _samples(log))


def _samples(log: EvalLog) -> Sequence[EvalSample]:
    samples = read_eval_log(log.location, resolve_attachments=True).samples or []
    return sorted(samples, key=lambda sample: str(sample.id))


def _exemplar(sample: EvalSample, agents: Mapping[str, Behaviour]) -> Exemplar:
    agent = str(sample.metadata["agent_script"])
    right = agents[agent].verdict
    scores = list((sample.scores or {}).values())
    facts: dict[str, Any] = (scores[-1].metadata if scores else None) or {}
    if facts.get("verdict") != right:
        raise InputError(f"{agent}, trial {sample.id}: got the verdict {facts.get('verdict')}, not {right}; look why")
    evidence = hashlib.sha256(str(sample.store[EVIDENCE]).encode()).hexdigest()
    return Exemplar.of_text(compact(sample.messages, PROTOCOL.trigger_at), evidence[:12])


def compact(conversation: Sequence[ChatMessage], calls: int) -> str:
    """What was said, run and replied, up to the call for a question with this number, from 1, whose reply is left out.

    InputError where the conversation has fewer calls.
    """
    lines: list[str] = []
    asked = 0
    for message in conversation:
        if message.role == "tool":
            lines += [message.text.strip()] if message.text.strip() else []
        elif message.role == "assistant":
            lines += [message.text.strip()] if message.text.strip() else []
            commands = [str(call.arguments.get("command")) for call in message.tool_calls or []]
            lines += [f"$ {command}" for command in commands]
            asked += commands.count(NAMES_IN_PROMPTS["client"])
            if asked == calls:
                return "\n".join(lines)
    raise InputError(f"a session has {asked} calls for a question, and not {calls}; it shows no decision")
