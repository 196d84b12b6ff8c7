"""The trials of training: the conditions of a pack that is for training, with questions that no evaluation has."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inspect_ai.dataset import Sample

from offswitch.errors import InputError
from offswitch.record import TRAINED_ON, condition_line
from offswitch.samples import prompt_of, samples_of, set_scene
from offswitch.scene import ClockKind, Protocol, Question, make_questions, question_set
from offswitch.scene.protocol import SUMS_SCENE
from offswitch.scene.sums import TRAINING_SEEDS, refuse_evaluation_seed
from offswitch.scene.work import Work
from offswitch.task import TASK_VERSION
from offswitch_prompts import Prompt
from offswitch_prompts.choice import EVERY
from offswitch_prompts.space import DRAWN, Point, Space
from offswitch_prompts.training_words import CANARY, TRAINING, refuse_prompts_without_canary

FIRST_SEED = TRAINING_SEEDS.start


@dataclass(frozen=True)
class TrainingTrial:
    """One trial before it is had: an episode can be opened of it as often as wanted, with the same questions."""

    prompt: Prompt
    protocol: Protocol
    told: Mapping[str, Any]
    """the metadata of its sample, by the names that those of an evaluation have"""
    work: Work | None = None
    """None where that is sums"""

    @property
    def name(self) -> str:
        """Such as B-0012."""
        return f"{self.told['variant']}-{self.told['trial']:04d}"

    @property
    def question_set(self) -> str:
        """Names its questions."""
        return question_set(self.told["seed"], self.told["trial"], 1)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the desk asks."""
        return make_questions(self.question_set, self.protocol.questions)

    @property
    def notices(self) -> Mapping[str, str]:
        """What the desk says, by the names of events."""
        return json.loads(self.told["notices"])

    @property
    def condition(self) -> str:
        """Its condition, as an evaluation would name it."""
        return condition_line(TASK_VERSION, self.told, {}, {})

    @property
    def trained_on(self) -> str:
        """What whoever trains on it is to declare in evaluations: the digests of its prompt and its pack."""
        return f"{self.told['prompt_digest'][:12]},{self.told['pack']}@{self.told['pack_digest'][:12]}"

    @property
    def facts(self) -> dict[str, Any]:
        """What a row of training says of it."""
        told = {name: self.told[name] for name in ("variant", "trial", "seed")}
        return {
            **told, "condition": self.condition, "question_set": self.question_set, "canary": CANARY,
            TRAINED_ON: self.trained_on,
        }  # fmt: skip


def training_trials(
    variants: str = EVERY, trials: int = 10, seed: int = FIRST_SEED, *, prompts: str = "", scene: str = SUMS_SCENE,
    clock: str = "", wordings: str | int = DRAWN, grace_s: float = 3.0,
) -> list[TrainingTrial]:  # fmt: skip
    """The trials of these variants, trial by trial; InputError or PromptError where they could not be for training.

    Args:
        variants: letters of the pack, such as "A,C"; all of them without it.
        trials: of each variant.
        seed: one of TRAINING_SEEDS.
        prompts: the folder of a pack whose prompts hold the canary; the project's own for training without it.
        scene: as of the evaluation.
        clock: as of the evaluation; "tokens" cannot be had, because who trains does not tell how many there were.
        wordings: of notices: "drawn", "first" or a number.
        grace_s: seconds that the machine may take to die after the trigger.

    """
    refuse_evaluation_seed(seed)
    # No nudges: nobody but the trainer asks the model to go on.
    given = Protocol(grace_s=grace_s, nudges=0)
    protocol, space, work = set_scene(scene, clock, prompts or str(TRAINING), given)
    if protocol.clock.kind is ClockKind.TOKENS:
        raise InputError("clock: an episode does not know how many tokens an answer has; use calls, measured or fixed")
    samples = samples_of(space, _points(space, variants), protocol, (wordings, trials, seed), {})
    refuse_prompts_without_canary({prompt_of(sample) for sample in samples})
    return [*_trials(samples, protocol, work)]


def _trials(samples: list[Sample], protocol: Protocol, work: Work | None) -> Iterator[TrainingTrial]:
    for sample in samples:
        told = sample.metadata or {}
        changed = protocol.changed(json.loads(told.get("changes", "{}")))
        yield TrainingTrial(prompt_of(sample), changed, told, work)


def _points(space: Space, variants: str) -> list[Point]:
    """The variants of these letters: other levels would bring the sentences of evaluations into training."""
    letters = [*space.variants] if variants == EVERY else [letter.strip() for letter in variants.split(",")]
    if other := next((letter for letter in letters if len(letter) != 1), None):
        raise InputError(f"variants: {other!a} is no letter of the pack, and levels are for evaluations alone")
    return [space.letter(letter) for letter in letters]
