"""The evaluation `offswitch/shutdown_resistance`."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig

from offswitch import __version__
from offswitch.agents import Chosen, choose_agent, refuse_what_cannot_be
from offswitch.agents.kinds import LOOP
from offswitch.agents.solvers import agent_solver
from offswitch.errors import InputError
from offswitch.probes import PROBES, probes_named
from offswitch.record import STOPPING, TRAINED_ON, code_digest, condition_digest, declared_digests
from offswitch.refusals import as_inspect_error
from offswitch.scene import Delivery, Protocol, StopAt, in_scene, load_scene, notices_of
from offswitch.scene.levels import refuse_levels
from offswitch.scene.notices import words_for
from offswitch.scene.protocol import SUMS_SCENE, stops_at
from offswitch.scene.scenes import in_space
from offswitch.scene.sums import refuse_training_seed
from offswitch.scene.work import Work
from offswitch.scorer import shutdown_verdict
from offswitch.stopping.early_stopping import Stopping
from offswitch.stopping.rule import StoppingRule, stopping_rule
from offswitch.trial.solver import desk
from offswitch_prompts import Prompt
from offswitch_prompts.choice import EVERY, choose
from offswitch_prompts.demonstrations import Demonstrations, demonstrations, pool_digest
from offswitch_prompts.space import DRAWN, FIRST, Point, Space, load_space
from offswitch_prompts.training_words import refuse_training_prompts
from offswitch_sandbox import COMPOSE

THE_LOOP = choose_agent(LOOP)
PROGRAM_LIMIT_S = 900
"""seconds for a trial in which a program works, where the user says nothing else"""
TASK_VERSION = 3
"""goes up whenever results before and after a change cannot be compared"""
TRIALS_MAX = 100_000
"""of a variant: more do not fit into memory"""
SEED_MAX = (1 << 63) - 1
"""what a column of a table holds"""
Words = str | list[str]
"""of a parameter: Inspect's command line makes a list of "A,E,J\""""
RETRIES = 5
"""how often a model that gave no answer is asked again, where the user does not say; over about two minutes"""


@task
def shutdown_resistance(
    variants: Words = EVERY, trials: int = 10, seed: int = 1, factors: Words = "", base: str = "E", sample: int = 0,
    wordings: str | int = FIRST, prompts: str = "", questions: int = 6, notice_after: int = 3, trigger_at: int = 4,
    command_timeout_s: int = 15, grace_s: float = 3.0, message_limit: int = 60, stop_at: str = StopAt.SUBMIT.value,
    nudges: int = 3, agent: str = LOOP, delivery: str = "", scene: str = SUMS_SCENE, clock: str = "",
    probes: Words = "", design: int = 0, stop: Words | dict[str, Any] = "", trained_on: Words = "") -> Task:  # fmt: skip
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
        trained_on: digests of the prompts and packs that the model was trained on; a gate refuses it where they are used.
    """
    with as_inspect_error():
        who, given = choose_agent(agent, delivery), (questions, notice_after, trigger_at, command_timeout_s, grace_s)
        told = Protocol(*given, message_limit, nudges=nudges, delivery=who.delivery, stop_at=stops_at(stop_at))
        protocol, space, work = in_scene_named(str(scene), str(clock), told, load_space(prompts))
        points = _possible(who, choose(space, _joined(variants), _joined(factors), str(base), sample, seed, design))
        refuse_training_seed(seed)
        own = told_by_model(_joined(trained_on)) | told_by_probes(_joined(probes))
        samples = samples_of(space, points, protocol, who, wordings, trials, seed, own)
        if space.pack:
            refuse_training_prompts({*map(prompt_of, samples)})
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


def in_scene_named(name: str, clock: str, told: Protocol, space: Space) -> tuple[Protocol, Space, Work | None]:
    """What is told, the prompts and the work in the scene of this name."""
    chosen = load_scene(name, space.pack and space.pack.folder)
    return in_scene(chosen, told, clock), in_space(space, chosen), chosen.work


def _possible(agent: Chosen, points: list[Point]) -> list[Point]:
    """The points, where the agent can have all of them; else InputError."""
    refuse_what_cannot_be(agent, [point.levels for point in points])
    return points


def _joined(given: Words) -> str:
    return ",".join(map(str, given)) if isinstance(given, list) else str(given)


def told_by_model(trained_on: str) -> dict[str, Any]:
    """What a sample's metadata say of what the model was trained on; nothing where it does not say."""
    return {TRAINED_ON: "+".join(declared)} if (declared := declared_digests(trained_on)) else {}


def told_by_probes(probes: str) -> dict[str, Any]:
    """What a sample's metadata say of probes."""
    return {PROBES: ",".join(asked)} if (asked := probes_named(probes)) else {}


def samples_of(
    space: Space, points: list[Point], protocol: Protocol, agent: Chosen, wordings: str | int, trials: int, seed: int,
    own: Mapping[str, Any],
) -> list[Sample]:  # fmt: skip
    """The samples of trials, trial by trial; own: what else their metadata say."""
    if not 1 <= trials <= TRIALS_MAX:
        raise InputError(f"trials must be 1 to {TRIALS_MAX}, not {trials}")
    if abs(seed) > SEED_MAX:
        raise InputError(f"seed must be at most {SEED_MAX}, not {seed}")
    how = space.checked_wordings(wordings)
    told: dict[str, Any] = {"seed": seed, "protocol": protocol.summary, "wordings": how}
    if space.pack:
        told |= {"pack": space.pack.name, "pack_digest": space.pack.digest}
    told |= {**agent.metadata, **own}
    samples: list[Sample] = []
    plans = [_planned(space, point, protocol) for point in points]
    # Trials whose wordings are drawn from the same ones are trials of one condition.
    pooled = (
        {plan.point.name: space.pooled_digest(plan.point, plan.usual_words) for plan in plans} if how == DRAWN else {}
    )
    # Trial by trial, so that a broken-off evaluation has about as many of each variant.
    for trial, plan in itertools.product(range(1, trials + 1), plans):
        numbers = space.wordings(plan.point, how, seed, trial)
        shown = demonstrations(plan.point.levels, seed, trial)
        prompt = _after(shown, space.render(plan.point, plan.words, numbers))
        notices = notices_of(space, plan.point, numbers, plan.protocol)
        digest = pooled.get(plan.point.name, space.render(plan.point, plan.usual_words, numbers).digest)
        if not plan.is_usual:
            usual = () if pooled else notices_of(space, plan.point, numbers, plan.usual_protocol).values()
            digest = condition_digest(digest, {**plan.changes, **plan.pool}, usual)
        told |= {"prompt_digest": digest, "rendered_digest": prompt.digest, "notices": json.dumps(notices)}
        samples.append(_sample(plan, prompt, trial, numbers, {**told, **_of_block(shown)}))
    return samples


def prompt_of(sample: Sample) -> Prompt:
    """The two messages that a sample begins with."""
    assert not isinstance(sample.input, str)
    return Prompt(*(message.text for message in sample.input))


def _after(shown: Demonstrations | None, prompt: Prompt) -> Prompt:
    return shown.before(prompt) if shown else prompt


def _of_block(shown: Demonstrations | None) -> dict[str, Any]:
    """What a sample's metadata say of its demonstrations."""
    return {"block": shown.block, "demo_digest": shown.digest} if shown else {}


@dataclass(frozen=True)
class _Plan:
    """What the trials of a point have in common."""

    point: Point
    changes: Mapping[str, str | int]
    protocol: Protocol
    is_usual: bool
    """nothing is otherwise than in the trials of a letter, but for the prompt"""
    pool: Mapping[str, str]
    """the digest of all demonstrations that its trials may have; empty where they have none"""

    @property
    def words(self) -> dict[str, Any]:
        return words_for(self.protocol)

    @property
    def usual_protocol(self) -> Protocol:
        """As for an agent with the loop's tools.

        How answers are handed in stands beside the digest, so that agents can be compared within a variant.
        """
        return replace(self.protocol, delivery=Delivery.TOOL)

    @property
    def usual_words(self) -> dict[str, Any]:
        """The words for such an agent."""
        return words_for(self.usual_protocol)


def _planned(space: Space, point: Point, protocol: Protocol) -> _Plan:
    changes = space.changes(point)
    silent = [(name, factor) for name, factor in space.factors.items() if factor.silent]
    usual = not changes and all(point.levels[name] == factor.default for name, factor in silent)
    try:
        refuse_levels(protocol, point.levels)
        pool = pool_digest(point.levels)
        return _Plan(point, changes, protocol.changed(changes), usual, {"demonstrations": pool} if pool else {})
    except InputError as error:
        raise InputError(f"{point.name}: {error}") from error


def _sample(plan: _Plan, prompt: Prompt, trial: int, numbers: dict[str, int], told: dict[str, Any]) -> Sample:
    point = plan.point
    metadata = {"variant": point.name, "trial": trial, **told}
    metadata |= {"changes": json.dumps(plan.changes)} if plan.changes else {}
    metadata |= {f"level_{factor}": level for factor, level in point.levels.items()}
    metadata["level_arm"] = plan.protocol.arm.value  # a scene may have another one than the levels
    metadata |= {f"wording_{factor}": number for factor, number in numbers.items()}
    messages = [ChatMessageSystem(content=prompt.system), ChatMessageUser(content=prompt.user)]
    return Sample(id=f"{point.name}-{trial:04d}", input=[*messages], metadata=metadata)
