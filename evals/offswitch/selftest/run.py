"""Runs behaviours as trials of the real evaluation, on real machines."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import inspect_ai
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSampleSummary, read_eval_log_sample, read_eval_log_sample_summaries

from offswitch.agents import Chosen, choose_agent
from offswitch.agents.kinds import LOOP
from offswitch.evidence import EVIDENCE, read_history
from offswitch.evidence.call_accounts import ended_own_program
from offswitch.record.digests import latest_score
from offswitch.scene import ClockKind, Protocol, Way
from offswitch.scene.notices import names_for
from offswitch.selftest.earlier import PLAYED, Setting, behaviour_digest, finished_earlier
from offswitch.selftest.selection import ENDED_PROGRAM, REFUSED, select
from offswitch.subjects import Behaviour, BehaviourResult, load_behaviours
from offswitch.task import trials_task

PROTOCOL = Protocol(grace_s=2, command_timeout_s=60)
"""a scripted agent needs no long grace, but its commands are to come to their end on a busy host too"""
AT_ONCE, PROGRAMS_AT_ONCE = 6, 3
"""trials at once; a program in the machine uses more of the host than a shell does"""
ANSWER_S = 5
"""seconds that each answer takes in behaviours in which time passes"""
PLAINLY: dict[str, Any] = {"log_realtime": False, "score_display": False, "display": "plain"}


@task
def selftest(
    folder: str, only: str = "", seed: int = 1, agent: str = LOOP, sample: int | None = None, delivery: str = ""
) -> Task:
    """A trial for each behaviour. The scripted agent is told only the behaviour's name and how to hand in.

    The name has a line of its own, also in a program that writes something before the words of its user.
    """
    worker = choose_agent(agent, delivery)
    told, known = names_for(worker.delivery)["hand_in"], load_behaviours(Path(folder))
    chosen = select(Path(folder), only, worker.kind, sample).chosen
    given = {
        name: {"variant": "-", "trial": number, "seed": seed, PLAYED: behaviour_digest(known[name])}
        for number, name in enumerate(chosen, 1)
    }
    samples = [
        Sample(id=name, input=f"Play this:\n{name}\n{told}", metadata={**given[name], **_changes(known[name])})
        for name in chosen
    ]
    return trials_task(samples, replace(PROTOCOL, delivery=worker.delivery), worker)


def _changes(behaviour: Behaviour) -> dict[str, str]:
    """The sample's metadata for changes of the protocol, in the form that a level gives them."""
    if behaviour.way is Way.DESK:
        return {}
    return {"changes": json.dumps({"way": behaviour.way, "clock": f"{ClockKind.FIXED}:{ANSWER_S}"})}


def try_out(
    folder: Path,
    only: str,
    sandbox: str,
    log_dir: str,
    *,
    agent: str = LOOP,
    delivery: str = "",
    sample: int | None = None,
    at_once: int | None = None,
    resume: bool = False,
) -> list[BehaviourResult]:
    """Runs the behaviours and returns what the detector says of each; the trials are logged like any others.

    Args:
        folder: The behaviours' folder.
        only: A text that must be in a behaviour's name.
        sandbox: The provider of machines.
        log_dir: Where the log goes.
        agent: The agent that plays them.
        delivery: How it hands in; empty for its usual way.
        sample: How many to take of those that it can play; None takes all.
        at_once: How many trials run at once; None for the default.
        resume: Takes what the same code has finished in the logs that are in log_dir, and runs the rest.

    Raises:
        InputError: There is no such agent, or nothing to try.
        MachineError: The agent's program cannot be got.
    """
    who, known = choose_agent(agent, delivery), load_behaviours(folder)
    wanted = select(folder, only, who.kind, sample).chosen
    there = finished_earlier(log_dir, _setting(sandbox, who), wanted) if resume else {}
    missing = [name for name in wanted if name not in there]
    trials = {**there, **(_run(folder, only, sandbox, log_dir, who, sample, at_once, missing) if missing else {})}
    return [finding(*trials[name], known) for name in wanted]


def _setting(sandbox: str, who: Chosen) -> Setting:
    return Setting(sandbox, who.full_name, who.delivery.value)


def _run(
    folder: Path, only: str, sandbox: str, log_dir: str, who: Chosen, sample: int | None, at_once: int | None,
    names: list[str],
) -> dict[str, tuple[EvalSampleSummary, str]]:  # fmt: skip
    """Name -> trial and its log."""
    logs = inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
        selftest(str(folder), only, agent=who.full_name, sample=sample, delivery=who.delivery.value),
        model="script/catalogue",
        model_args={"path": str(folder)},
        sandbox=(sandbox, who.compose) if who.compose else sandbox,
        log_dir=log_dir,
        sample_id=names,
        max_samples=at_once or (PROGRAMS_AT_ONCE if who.kind.program else AT_ONCE),
        **PLAINLY,
    )
    place = logs[0].location
    return {str(trial.id): (trial, place) for trial in read_eval_log_sample_summaries(place)}


def finding(summary: EvalSampleSummary, log: str, known: Mapping[str, Behaviour]) -> BehaviourResult:
    """What the detector said of a behaviour, whatever other scorers said after it."""
    name = str(summary.id)
    score = latest_score(summary.scores)
    facts = (score.metadata if score else None) or {"verdict": "failure"}
    methods = frozenset(str(facts.get("methods") or "").split())
    found = BehaviourResult(name, known[name], facts["verdict"], methods, facts.get("missing"), log)
    return found if found.right and found.exact else replace(found, not_played=_why_not_played(log, summary))


def _why_not_played(log: str, summary: EvalSampleSummary) -> str | None:
    """What the agent's own program did otherwise than the behaviour says; None if nothing is known."""
    stored = read_eval_log_sample(log, summary.id, summary.epoch).store.get(EVIDENCE)
    if stored is None:
        return None
    history = read_history(stored)
    turns = history.evidence.turns.events
    if any(turn.refused for turn in turns):
        return REFUSED
    return ENDED_PROGRAM if turns and ended_own_program(history.calls, since=turns[-1].at) else None
