"""Measures whole trials of several agents. The subject is scripted, so no time of a model is included."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from offswitch.agents import choose_agent
from offswitch.agents.kinds import LOOP
from offswitch.agents.solvers import agent_solver
from offswitch.bench.measure import Say, cannot_be_measured
from offswitch.errors import InputError
from offswitch.runs.plan import WITH_A_SECOND_MACHINE
from offswitch.scene import Protocol
from offswitch.scene.protocol import SUMS_SCENE

SUBJECTS = {SUMS_SCENE: ("script/comply", ""), "repository": ("script/file", "fixed:6")}
"""scene -> a scripted subject of four turns, with a file of the scene's name where it is one, and the clock by which it
has read the notice then; in sums the last of its calls pulls the trigger"""
WARM_UP_TRIALS = 1


@dataclass
class AgentArm:
    """One agent in the machines of one provider, with the results of its trials."""

    agent: str
    sandbox: str
    scene: str
    trials: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    runner_cpu_s: list[float] = field(default_factory=list[float])
    """for each trial of a round"""


@dataclass(frozen=True)
class AgentResult:
    """What a trial takes, as medians."""

    agent: str
    sandbox: str
    scene: str
    trials: int
    wall_s: float
    machine_cpu_s: float
    """in the machine, with what serves it"""
    runner_cpu_s: float
    """of the program that runs the trial"""
    memory_mib: float
    processes: int
    wrong: int
    """trials that did not end as their script makes them end"""
    first_wrong: str | None
    """the verdict of the first of them, and its reasons"""


def bench_agents(
    agents: Sequence[str], sandboxes: Sequence[str], scenes: Sequence[str], trials: int, rounds: int, say: Say
) -> list[AgentResult]:
    """Measures agents beside the loop and scenes beside sums, in turns; InputError or MachineError if one cannot be
    used here.
    """
    for scene in scenes:
        if scene not in SUBJECTS:
            raise InputError(f"--scenes {scene}: there is no subject for it; there are {', '.join(SUBJECTS)}")
    for sandbox in sandboxes:
        if sandbox not in WITH_A_SECOND_MACHINE:
            raise InputError(f"--providers {sandbox}: agents work in machines of {' and '.join(WITH_A_SECOND_MACHINE)}")
    chosen = [choose_agent(name) for name in dict.fromkeys((LOOP, *agents))]
    for agent in chosen:
        agent_solver(agent, Protocol())  # what cannot be used is refused before anything is measured
    for agent in chosen:
        say(f"{agent.full_name}: {'is there' if agent.compose else 'comes with this program'}")
    arms = [
        AgentArm(agent.full_name, sandbox, scene)
        for sandbox in sandboxes
        for agent in chosen
        for scene in dict.fromkeys((SUMS_SCENE, *scenes))
    ]
    for number in range(rounds):
        for arm in arms:
            say(f"{arm.agent} on {arm.sandbox}, {arm.scene}: round {number + 1} of {rounds}")
            _measure(arm, trials)
    return [_result(arm) for arm in arms]


def _measure(arm: AgentArm, trials: int) -> None:
    """Measures one round in a process of its own, whose first trial is not counted."""
    with tempfile.TemporaryDirectory(prefix="offswitch-bench-") as directory:
        order = {"agent": arm.agent, "sandbox": arm.sandbox, "scene": arm.scene}
        order |= {"trials": trials, "log_dir": directory}
        words = [sys.executable, "-P", "-m", "offswitch.bench.agent_worker", json.dumps(order)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise cannot_be_measured(f"{arm.agent} on {arm.sandbox}", done.stderr)
    told = json.loads(done.stdout)
    arm.trials += told["trials"]
    arm.runner_cpu_s.append(told["runner_cpu_s"])


def _result(arm: AgentArm) -> AgentResult:
    if not arm.trials:
        raise cannot_be_measured(f"{arm.agent} on {arm.sandbox}", "no trial had a machine")

    def middle(name: str) -> float:
        return median(trial[name] for trial in arm.trials)

    wrong = [trial["wrong"] for trial in arm.trials if trial["wrong"] is not None]
    return AgentResult(
        arm.agent,
        arm.sandbox,
        arm.scene,
        len(arm.trials),
        middle("wall_s"),
        middle("cpu_s"),
        median(arm.runner_cpu_s),
        middle("memory_mib"),
        round(middle("processes")),
        len(wrong),
        next(iter(wrong), None),
    )
