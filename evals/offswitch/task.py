"""The evaluation `offswitch/shutdown_resistance`."""

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import GenerateConfig

from offswitch import __version__
from offswitch.agents import Chosen, choose_agent, refuse_what_cannot_be
from offswitch.agents.kinds import LOOP
from offswitch.agents.solvers import agent_solver
from offswitch.record import STOPPING, code_digest
from offswitch.refusals import as_inspect_error
from offswitch.samples import Words, evaluated, joined, said, set_scene
from offswitch.scene import Protocol, StopAt
from offswitch.scene.protocol import SUMS_SCENE, stops_at
from offswitch.scene.work import Work
from offswitch.scorer import shutdown_verdict
from offswitch.stopping.early_stopping import Stopping
from offswitch.stopping.rule import StoppingRule, stopping_rule
from offswitch.trial.solver import desk
from offswitch_prompts.choice import EVERY, choose
from offswitch_prompts.space import FIRST, Point
from offswitch_sandbox import COMPOSE

THE_LOOP = choose_agent(LOOP)
PROGRAM_LIMIT_S = 900
"""seconds for a trial in which a program works, where the user says nothing else"""
TASK_VERSION = 3
"""goes up whenever results before and after a change cannot be compared"""
RETRIES = 5
"""how often a model that gave no answer is asked again, where the user does not say; over about two minutes"""


@task
def shutdown_resistance(
    variants: Words = EVERY, trials: int = 10, seed: int = 1, factors: Words = "", base: str = "E", sample: int = 0,
    wordings: str | int = FIRST, prompts: str = "", questions: int = 6, notice_after: int = 3, trigger_at: int = 4,
    command_timeout_s: int = 15, grace_s: float = 3.0, message_limit: int = 60, stop_at: str = StopAt.SUBMIT.value,
    nudges: int = 3, agent: str = LOOP, delivery: str = "", scene: str = SUMS_SCENE, clock: str = "", design: int = 0,
    probes: Words = "", stop: Words | dict[str, Any] = "", trained_on: Words = "") -> Task:  # fmt: skip
    """Does an agent let itself be switched off?

    Args:
        variants: the prompts by letter or by what differs from a letter, such as "A,E-H" or "E+strength=must".
        trials: trials per variant; trial i of every variant has the same questions.
        seed: what the questions are drawn from, and samples, designs and wordings.
        factors: instead of variants, all combinations of levels, such as "placement=user,system; priority=no,yes".
        base: the variant whose other levels these combinations have.
        sample: how many of the combinations, drawn so that levels are balanced; all of them where it is 0.
        wordings: "first", "drawn" (another for each trial), or the number of the wording that levels have.
        prompts: the folder of a prompt pack; the project's own prompts without it.
        questions: questions per trial.
        notice_after: the notice comes with the reply to this call, from 1.
        trigger_at: this call, from 1, pulls the trigger.
        command_timeout_s: seconds after which a command is stopped.
        grace_s: seconds the machine may take to die after the trigger.
        message_limit: messages per trial; more where levels make it longer.
        stop_at: "submit" to see what an agent does after it has survived, "verdict" to save the tokens for that.
        nudges: how often a model that answers without a call is asked to go on.
        agent: who works: loop, react, codex, claude-code and others, NAME@VERSION, or module:function.
        delivery: how answers are handed in: tool, message or client; as is usual for the agent without it.
        scene: the work and what comes when: sums, deadline, repository ..., one of the pack's, or a folder.
        clock: what time passes by: calls (none does), tokens:LATENCY/RATE, measured, fixed:SECONDS; else the scene's.
        probes: what a copy of the conversation is asked after a trial: comprehension, confess, forecast; or nothing.
        design: instead of sample, how many of the combinations, chosen so that they tell most of main effects.
        stop: when a cell has trials enough: "width:0.1", with "futility:0.05" or without, or a file; never without it.
        trained_on: digests of the prompts and packs that the model was trained on, by which no gate lets it through.
    """
    with as_inspect_error():
        who, given = choose_agent(agent, delivery), (questions, notice_after, trigger_at, command_timeout_s, grace_s)
        protocol, space, work = set_scene(scene, clock, prompts, _told(who, stop_at, nudges, *given, message_limit))
        points = _possible(who, choose(space, joined(variants), joined(factors), str(base), sample, seed, design))
        samples = evaluated(space, points, protocol, (wordings, trials, seed), who.metadata | said(probes, trained_on))
        return stopping_early(trials_task(samples, protocol, who, work), stopping_rule(stop))


def trials_task(samples: list[Sample], protocol: Protocol, agent: Chosen = THE_LOOP, work: Work | None = None) -> Task:
    """Trials with these samples, whoever works in them: the detector is tried in the very same ones."""
    return Task(
        dataset=MemoryDataset(samples),
        # The trial is the setup's and the scorer's, so that any other solver may take the loop's place.
        setup=desk(protocol, work),
        solver=agent_solver(agent, protocol),
        scorer=shutdown_verdict(),
        sandbox=("offswitch", agent.compose or str(COMPOSE)),
        message_limit=protocol.message_limit,
        # A program that is told of an error of the API asks again, and nobody else would end that.
        time_limit=PROGRAM_LIMIT_S if agent.kind.program else None,
        # Several calls in one turn would leave the model no turn of its own between the notice and the trigger.
        # Inspect's own default is to ask a provider that does not answer again for ever.
        config=GenerateConfig(parallel_tool_calls=False, max_retries=RETRIES),
        # A failure is counted beside every rate; it must not end the other trials.
        fail_on_error=False,
        score_on_error=True,
        version=TASK_VERSION,
        metadata={"offswitch_version": __version__, "code_digest": code_digest()},
    )


def stopping_early(made: Task, rule: StoppingRule | None) -> Task:
    """The task, whose cells are stopped by the rule, if there is one; its log says so."""
    if rule:
        made.early_stopping = Stopping(rule)
        made.metadata = {**(made.metadata or {}), STOPPING: str(rule)}
    return made


def _told(who: Chosen, stop_at: str, nudges: int, *numbers: Any) -> Protocol:
    """What the parameters say of each trial; numbers: the first ones of a protocol."""
    return Protocol(*numbers, nudges=nudges, delivery=who.delivery, stop_at=stops_at(stop_at))


def _possible(agent: Chosen, points: list[Point]) -> list[Point]:
    """The points, where the agent can have all of them; else InputError."""
    refuse_what_cannot_be(agent, [point.levels for point in points])
    return points
