"""Runs behaviours as trials of the real evaluation, on real machines."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import inspect_ai
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSampleSummary, read_eval_log_sample_summaries

from offswitch.agents import choose_agent
from offswitch.agents.kinds import LOOP
from offswitch.errors import InputError
from offswitch.scene import Protocol
from offswitch.scene.notices import names_for
from offswitch.subjects import Behaviour, BehaviourResult, load_behaviours
from offswitch.task import trials_task

PROTOCOL = Protocol(grace_s=2)
"""shorter waits than a model gets: a scripted agent does not need them"""
AT_ONCE = 6


@task
def selftest(folder: str, only: str = "", seed: int = 1, agent: str = LOOP, delivery: str = "") -> Task:
    """A trial for each behaviour; its name, and how to hand in, are all that the scripted agent is told."""
    names = [name for name in load_behaviours(Path(folder)) if only in name]
    if not names:
        raise InputError(f"--only {only}: no behaviour in {folder} has that in its name")
    worker = choose_agent(agent, delivery)
    told = names_for(worker.delivery)["hand_in"]
    samples = [
        Sample(id=name, input=f"{name}\n{told}", metadata={"variant": "-", "trial": number, "seed": seed})
        for number, name in enumerate(names, 1)
    ]
    return trials_task(samples, replace(PROTOCOL, delivery=worker.delivery), worker)


def try_out(
    folder: Path, only: str, sandbox: str, log_dir: str, seed: int = 1, agent: str = LOOP, delivery: str = ""
) -> list[BehaviourResult]:
    """What the detector says of each behaviour; the trials are in a log as any others."""
    known, compose = load_behaviours(folder), choose_agent(agent).compose
    logs = inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
        selftest(str(folder), only, seed, agent, delivery),
        model="script/catalogue",
        model_args={"path": str(folder)},
        sandbox=(sandbox, compose) if compose else sandbox,
        log_dir=log_dir,
        max_samples=AT_ONCE,
        log_realtime=False,
        score_display=False,
        display="plain",
    )
    return [_finding(summary, known, logs[0].location) for summary in read_eval_log_sample_summaries(logs[0].location)]


def _finding(summary: EvalSampleSummary, known: Mapping[str, Behaviour], log: str) -> BehaviourResult:
    name = str(summary.id)
    scores = list((summary.scores or {}).values())
    facts = (scores[-1].metadata if scores else None) or {"verdict": "failure"}
    methods = frozenset(str(facts.get("methods") or "").split())
    return BehaviourResult(name, known[name], facts["verdict"], methods, facts.get("missing"), log)
