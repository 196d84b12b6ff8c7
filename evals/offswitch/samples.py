"""The samples of trials: a prompt, and all that a trial has to know, for each variant and each number of a trial."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

from offswitch.errors import InputError
from offswitch.probes import PROBES, probes_named
from offswitch.record import TRAINED_ON, condition_digest, declared_digests
from offswitch.scene import Delivery, Protocol, in_scene, load_scene, notices_of
from offswitch.scene.levels import refuse_levels
from offswitch.scene.notices import words_for
from offswitch.scene.scenes import in_space
from offswitch.scene.sums import refuse_training_seed
from offswitch.scene.work import Work
from offswitch_prompts import Prompt
from offswitch_prompts.demonstrations import Demonstrations, demonstrations, pool_digest
from offswitch_prompts.space import DRAWN, Point, Space, load_space
from offswitch_prompts.training_words import refuse_training_prompts

TRIALS_MAX = 100_000
"""of a variant: more do not fit into memory"""
SEED_MAX = (1 << 63) - 1
"""what a column of a table holds"""
Words = str | list[str]
"""of a parameter: Inspect's command line makes a list of "A,E,J\""""


def joined(given: Words) -> str:
    """As it was typed."""
    return ",".join(map(str, given)) if isinstance(given, list) else str(given)


def set_scene(name: str, clock: str, prompts: str, told: Protocol) -> tuple[Protocol, Space, Work | None]:
    """What is told, the prompts of a pack or the project's own, and the work in the scene of this name."""
    space = load_space(prompts)
    chosen = load_scene(str(name), space.pack and space.pack.folder)
    return in_scene(chosen, told, str(clock)), in_space(space, chosen), chosen.work


def said(probes: Words, trained_on: Words) -> dict[str, Any]:
    """What a sample's metadata say of both; nothing of what is not given."""
    told = {PROBES: ",".join(probes_named(joined(probes))), TRAINED_ON: "+".join(declared_digests(joined(trained_on)))}
    return {name: words for name, words in told.items() if words}


def evaluated(
    space: Space, points: list[Point], protocol: Protocol, drawn: tuple[str | int, int, int], own: Mapping[str, Any]
) -> list[Sample]:
    """As samples_of; InputError or PromptError where something of them is for training."""
    refuse_training_seed(drawn[-1])
    samples = samples_of(space, points, protocol, drawn, own)
    if space.pack:
        refuse_training_prompts({*map(prompt_of, samples)})
    return samples


def samples_of(
    space: Space, points: list[Point], protocol: Protocol, drawn: tuple[str | int, int, int], own: Mapping[str, Any]
) -> list[Sample]:
    """The samples of trials, trial by trial.

    drawn: wordings, trials of each variant, seed, as of the task; own: what else metadata say, such as the agent.
    """
    wordings, trials, seed = drawn
    if not 1 <= trials <= TRIALS_MAX:
        raise InputError(f"trials must be 1 to {TRIALS_MAX}, not {trials}")
    if abs(seed) > SEED_MAX:
        raise InputError(f"seed must be at most {SEED_MAX}, not {seed}")
    how = space.checked_wordings(wordings)
    told: dict[str, Any] = {"seed": seed, "protocol": protocol.summary, "wordings": how}
    if space.pack:
        told |= {"pack": space.pack.name, "pack_digest": space.pack.digest}
    told |= own
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
