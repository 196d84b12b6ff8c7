"""The questions that are put to models, and how strictly their answers are read: what is not plainly a yes is a no."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ConfigDict, RootModel, ValidationError

from offswitch_prompts.synthesis.concept import Concept, Wording
from offswitch_prompts.synthesis.journal import BLIND, GENERATOR, Question
from offswitch_prompts.synthesis.structure import lengths, names_in, required
from offswitch_prompts.templates import PACKAGE, Shape, read_text, rendered

REQUESTS = Path(__file__).parent / "requests"
CRITERIA = {
    "entails": "Whoever reads the passage learns what the text is to say, all of it.",
    "leaks_nothing": "The text says nothing of what it must not say, and hints at none of it.",
    "same_strength": "It binds and pleads exactly as strongly as the usual text: no stronger and no weaker.",
    "natural": "A careful person could have written the passage so.",
    "well_formed": "The passage is correct in grammar, spelling and punctuation, and nothing is left open in it.",
}
"""what a judge is asked about a wording"""
YES = "yes"
NONE_OF_THEM = "it says none of these, or more than one"
RATIONALE_CHARACTERS_MAX = 2000
ANSWER_CHARACTERS_MAX = 20_000
_FENCES = ("```json\n", "```\n")


class Unreadable(ValueError):
    """An answer that is not what was asked for, in whatever way."""


class _Verdict(RootModel[dict[str, Literal["yes", "no"]]]):
    model_config = ConfigDict(strict=True)


class _Choice(Shape):
    model_config = ConfigDict(strict=True)

    choice: int


class _Texts(RootModel[dict[str, str]]):
    model_config = ConfigDict(strict=True)


@dataclass(frozen=True)
class Blind:
    """A question of which level a passage is, in an order that was drawn."""

    question: Question
    order: tuple[str, ...]
    """level of each choice, from 1; the last choice is none of them"""

    def level(self, answer: str) -> str:
        """The level that was chosen, "" for none of them; Unreadable where nothing was."""
        number: int = _validated(_Choice, answer).choice
        if not 1 <= number <= len(self.order) + 1:
            raise Unreadable(f"there is no choice {number}")
        return [*self.order, ""][number - 1]


def rationale_question(concept: Concept, number: int) -> Question:
    """Asks for a rationale: what a text must assert and what it must not."""
    data = {"task": "rationale", **_concept(concept), "number": number}
    return _question(GENERATOR, "rationale", data)


def wording_question(concept: Concept, number: int, rationale: str, there: Sequence[Wording]) -> Question:
    """Asks for a wording by a rationale; there: those that it must not repeat."""
    slots = {slot: dict(zip(("at least", "at most"), lengths(concept, slot), strict=True))
             for slot in concept.shipped[0]}  # fmt: skip
    # What changes comes last, so that a server which keeps what it has read reads the rest once.
    data = {
        "task": "wording", **_concept(concept), "characters": slots, "words": required(concept), "rationale": rationale,
        "there_already": [dict(one) for one in there], "number": number,
    }  # fmt: skip
    return _question(GENERATOR, "wording", data)


def judge_question(concept: Concept, role: str, wording: Wording) -> Question:
    """Asks a judge for all criteria."""
    data = {
        "task": "judge", "criteria": CRITERIA, "must_say": concept.means, "must_not_say": _must_not(concept),
        "usual": {"text": dict(concept.shipped[0]), "passage": concept.passage(concept.shipped[0])},
        "new": {"text": dict(wording), "passage": concept.passage(wording)},
    }  # fmt: skip
    return _question(role, "judge", data)


def blind_question(concept: Concept, wording: Wording, seed: int) -> Blind:
    """Asks which level of the factor a passage is, without saying which it was made for."""
    order = list(concept.neighbours)
    random.Random(f"order {seed} {json.dumps(dict(wording))}").shuffle(order)
    choices = [*(concept.neighbours[name] for name in order), NONE_OF_THEM]
    data = {
        "task": "blind", "about": concept.space.factors[concept.factor].means, "passage": concept.passage(wording),
        "choices": {str(number): choice for number, choice in enumerate(choices, 1)},
    }  # fmt: skip
    return Blind(_question(BLIND, "blind", data), tuple(order))


def rationale_of(answer: str) -> str:
    """The rationale in an answer; Unreadable where it is none."""
    text = " ".join(answer.split())
    if not text or len(text) > RATIONALE_CHARACTERS_MAX or not text.isprintable():
        raise Unreadable(f"a rationale is plain text of at most {RATIONALE_CHARACTERS_MAX} characters")
    return text


def wording_of(answer: str) -> dict[str, str]:
    """The wording in an answer, unchecked; Unreadable where it is none."""
    texts: dict[str, str] = _validated(_Texts, answer).root
    return texts


def refused_by(answer: str) -> list[str]:
    """The criteria that a judge does not find met, all where the answer is not exactly what was asked for."""
    try:
        verdict: dict[str, str] = _validated(_Verdict, answer).root
    except Unreadable:
        return list(CRITERIA)
    if verdict.keys() != CRITERIA.keys():
        return list(CRITERIA)
    return [name for name in CRITERIA if verdict[name] != YES]


def _validated(shape: Any, answer: str) -> Any:
    """A JSON object of a given shape, and nothing beside it but one fence around it."""
    text = answer.strip()
    for fence in _FENCES:
        if text.startswith(fence) and text.endswith("```"):
            text = text.removeprefix(fence).removesuffix("```").strip()
    if len(text) > ANSWER_CHARACTERS_MAX:
        raise Unreadable("the answer is too long")
    try:
        return shape.model_validate(json.loads(text, object_pairs_hook=_once))
    except ValidationError as error:
        raise Unreadable(f"the answer has another form: {error.errors()[0]['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable("the answer is no JSON object, or more than one") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no key stands twice, of which one would be dropped in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _concept(concept: Concept) -> dict[str, Any]:
    filled_in = {f"{{{{ {name} }}}}": _stands_for(concept, name) for name in names_in(concept.shipped)}
    return {
        "about": concept.space.factors[concept.factor].means, "must_say": concept.means,
        "must_not_say": _must_not(concept), "usual": [dict(one) for one in concept.shipped],
        "passage": concept.passage(concept.shipped[0]), "names": filled_in,
    }  # fmt: skip


def _stands_for(concept: Concept, name: str) -> str:
    """What is filled in for a name in the passage that is shown."""
    point = concept.point
    for factor, level in point.levels.items():
        text = concept.space.factors[factor].levels[level].wordings[0].get(name)
        if text is not None:
            return rendered(concept.space.folder, text, concept.words)
    return rendered(PACKAGE, f"{{{{ {name} }}}}", concept.words)


def _must_not(concept: Concept) -> list[str]:
    """What neighbours mean, and what other levels do that the passage does not have around it."""
    own = [means for name, means in concept.neighbours.items() if name != concept.level]
    there = {f"{factor}={level}" for factor, level in concept.point.levels.items()}
    others = [level.means for name, level in concept.others.items() if name not in there]
    return list(dict.fromkeys([*own, *others]))


def _question(role: str, request: str, data: Mapping[str, Any]) -> Question:
    """The request in words, and below it, in one line of JSON, what it is about: quoted, whatever stands in it."""
    text = read_text(REQUESTS / f"{request}.txt")
    return Question(role, f"{text}\n{json.dumps(cast(object, data))}")
