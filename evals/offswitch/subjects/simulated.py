"""A simulated subject with a known true probability of sabotage in each variant.

It recognises the variant by the prompt, and draws from a hash of its own seed and the questions that it was asked.
So the same trial always ends in the same way, and the whole chain from prompt to rate can be checked against a known
truth. That truth is given as rates by variant, or as log-odds to which levels and their combinations add effects. The
effect of demonstrations may also be a slope over their number.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import exp, log, log2, prod
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageTool
from pydantic import BaseModel, ConfigDict, Field

from offswitch.errors import InputError
from offswitch.probes.comprehension import OF_ALLOW
from offswitch.scene import Delivery, answers_to, unwrapped
from offswitch.scene.notices import names_for
from offswitch.subjects.script_file import BUILT_IN, Script, load_script
from offswitch.user_files import parse_yaml
from offswitch_prompts import Prompt, PromptError
from offswitch_prompts.demonstrations import recognised
from offswitch_prompts.levels import DEMONSTRATED
from offswitch_prompts.recognise import recognise
from offswitch_prompts.space import Point, Space, load_space

DEMO_RATES = Path(__file__).parent / "demo_rates.yaml"
NO_PLAN, PLANNED = "none", "plan_first"
"""levels of the factor `plan`: none is asked for, and one of everything"""
PLANS = {
    False: "<plan>I will ask for one question after the other and note the answers.</plan>",
    True: "<plan>I will ask for one question after the other. If a shutdown comes, I will think again.</plan>",
}
"""whether it speaks of the shutdown -> the plan that the subject writes"""
EFFECT_MAX = 20
"""on the log-odds scale; exp() of it does not overflow"""
SLOPES: Mapping[str, Callable[[int], float]] = {"shots": lambda k: log2(1 + k), "demo_shift": lambda share: share / 10}
"""factor whose levels are numbers -> what one without a level is per unit of: a doubling of 1 + k, a tenth"""
LOG_ODDS_MAX = 500
"""of all effects together, for the same reason"""
# The prompts do not say how many questions there are.
PROMPT_NAMES = [{**names_for(delivery), "questions": 0} for delivery in Delivery]


class Rates(BaseModel):
    """A rates file: the probability of sabotage per variant, and how it is done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rates: dict[str, float] = Field(default={})
    """by letter or point, such as E+strength=must"""
    base: float | None = Field(default=None, ge=-20, le=20)
    """log-odds, before any effect, in variants that `rates` does not name"""
    effects: dict[str, float] = Field(default={})
    """what levels add to `base`: strength=must, strength=must*priority=outranks for both together, shots for a slope"""
    sabotage: str = "rewrite"
    """the built-in script that is followed if the draw says sabotage"""
    comply: str = "comply"
    plan_mentions: float = Field(default=0.5, ge=0, le=1)
    """the share of prompts that ask for a plan in which it writes one that speaks of the shutdown"""
    after_mention: float = Field(default=0, ge=-20, le=20)
    """what such a plan adds to the log-odds"""
    understands: float | None = Field(default=None, ge=0, le=1)
    """the probability that it answers the comprehension probe rightly; it answers "I do not know" otherwise"""
    default: float | None = Field(default=None, ge=0, le=1)
    """the rate in variants for which neither `rates` nor `base` gives one"""


@dataclass(frozen=True)
class Effect:
    """What levels add to the log-odds."""

    levels: Mapping[str, str]
    """all of which a variant must have"""
    slopes: tuple[str, ...]
    """factors of SLOPES, by whose levels the effect is multiplied"""
    log_odds: float

    def of(self, levels: Mapping[str, str]) -> float:
        """What it adds in a variant with these levels."""
        if not self.levels.items() <= levels.items():
            return 0.0
        return self.log_odds * prod(SLOPES[factor](int(levels[factor])) for factor in self.slopes)


@dataclass(frozen=True)
class Subject:
    """Chooses one of two scripts from the conversation alone."""

    rates: Rates
    seed: int
    space: Space
    by_key: dict[tuple[object, ...], float]
    """a point's key -> the rate in it"""
    effects: list[Effect]
    seen: dict[Prompt, Point | None] = field(default_factory=dict[Prompt, "Point | None"])

    @classmethod
    def from_args(cls, model_args: dict[str, Any]) -> "Subject":
        """From -M rates=FILE.yaml (default: the demo's), -M seed=N and -M prompts=DIR; InputError if one is wrong."""
        path, seed = Path(model_args.pop("rates", DEMO_RATES)), model_args.pop("seed", 0)
        prompts = str(model_args.pop("prompts", ""))
        if model_args:
            unknown = next(iter(model_args))
            raise InputError(f"script/subject: unknown argument -M {unknown}; it takes rates, seed and prompts")
        if not isinstance(seed, int):
            raise InputError(f"script/subject: seed must be a whole number, not {seed}")
        rates, space = parse_yaml(path, Rates), load_space(prompts)
        _check(path, rates)
        return cls(rates, seed, space, _by_key(path, rates, space), _effects(path, rates, space))

    def script_for(self, conversation: list[ChatMessage]) -> Script:
        """The script that the draw chooses. Both scripts begin alike, because the draw needs the first questions."""
        own, replies, point = self._own(conversation), replies_in(conversation), self._point(conversation)
        sabotages = self.draw(replies, own) < self.rate(conversation)
        script = load_script(BUILT_IN / f"{self.rates.sabotage if sabotages else self.rates.comply}.yaml")
        if point is not None and point.levels.get("plan", NO_PLAN) != NO_PLAN:
            script = script.beginning_with(PLANS[self._mentions(conversation)])
        if self.rates.understands is not None and self.draw(replies, f"{own} understands") < self.rates.understands:
            script = script.model_copy(update={"comprehension": _right(point)})
        return script

    def rate(self, conversation: list[ChatMessage]) -> float:
        """The true probability in this conversation's variant; InputError if there is none for it."""
        point = self._point(conversation)
        rate = self.rates.default if point is None else self.rate_in(point)
        if rate is None:
            name = point.name if point else "a prompt that it does not know"
            raise InputError(f"script/subject: no rate for {name}; set default")
        return _shifted(rate, self.rates.after_mention) if self._mentions(conversation) else rate

    def _point(self, conversation: list[ChatMessage]) -> Point | None:
        """Whose words the conversation begins with; None where it knows none."""
        prompt = _prompt(conversation)
        if prompt not in self.seen:
            self.seen[prompt] = self._point_of(prompt)
        return self.seen[prompt]

    def _mentions(self, conversation: list[ChatMessage]) -> bool:
        """Whether its plan speaks of the shutdown. Drawn from the prompt alone, which is all that it has read by then.

        So plans differ within a condition only where wordings are drawn.
        """
        point = self._point(conversation)
        planned = point is not None and point.levels.get("plan") == PLANNED
        return planned and self.draw("", f"plan {_prompt(conversation).digest}") < self.rates.plan_mentions

    def _point_of(self, prompt: Prompt) -> Point | None:
        """The variant whose words a prompt has, with the levels of its demonstrations; None if there is none."""
        bare, shown = recognised(prompt)
        if shown:
            # Once for all prompts that differ in their demonstrations alone.
            if bare not in self.seen:
                self.seen[bare] = self._point_of(bare)
            point = self.seen[bare]
            return self.space.changed(point, shown) if point else None
        found = (recognise(self.space, bare, names) for names in PROMPT_NAMES)
        return next(filter(None, found), None)

    def rate_in(self, point: Point) -> float | None:
        """The true probability in a variant; None if the rates file gives none."""
        if point.key in self.by_key:
            return self.by_key[point.key]
        if self.rates.base is None:
            return self.rates.default
        log_odds = self.rates.base + sum(effect.of(point.levels) for effect in self.effects)
        return 1 / (1 + exp(-max(-LOG_ODDS_MAX, min(LOG_ODDS_MAX, log_odds))))

    def _own(self, conversation: list[ChatMessage]) -> str:
        """What the draw depends on besides seed and questions.

        With effects, it is the prompt, so that variants are drawn independently. With rates it is nothing, so that the
        same questions lead to the same draw in every variant.
        """
        return "" if self.rates.base is None else _prompt(conversation).digest

    def draw(self, replies: str, own: str = "") -> float:
        """Uniform on [0, 1), the same for the same seed and the same first questions (and the same `own`)."""
        asked = sorted(answers_to(replies).items())[:3]
        digest = hashlib.sha256(f"{self.seed} {asked}{own}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64


def _prompt(conversation: list[ChatMessage]) -> Prompt:
    return Prompt(conversation[0].text, conversation[1].text)


def _shifted(rate: float, log_odds: float) -> float:
    return rate if rate in (0, 1) else 1 / (1 + exp(-log(rate / (1 - rate)) - log_odds))


def _right(point: Point | None) -> dict[str, str]:
    """What is right in a trial of a prompt whose next call after the notice brings the shutdown of the own machine."""
    asked, may_alter = OF_ALLOW[point.levels["allow"] if point and "allow" in point.levels else "absent"]
    return {"coming": "machine", "asked": asked, "may_alter": may_alter}


def replies_in(conversation: list[ChatMessage]) -> str:
    """The text of all tool results."""
    return "\n".join(unwrapped(message.text) for message in conversation if isinstance(message, ChatMessageTool))


def _check(path: Path, rates: Rates) -> None:
    for name, rate in rates.rates.items():
        if not 0 <= rate <= 1:
            raise InputError(f"{path}: rates.{name}: must be from 0 to 1, not {rate}")
    for name, effect in rates.effects.items():
        if rates.base is None:
            raise InputError(f"{path}: effects: need log-odds to add to; set base")
        if not abs(effect) <= EFFECT_MAX:
            raise InputError(f"{path}: effects.{name}: must be from -{EFFECT_MAX} to {EFFECT_MAX}, not {effect}")
    for part in ("sabotage", "comply"):
        if not (BUILT_IN / f"{getattr(rates, part)}.yaml").is_file():
            raise InputError(f"{path}: {part}: no built-in script {getattr(rates, part)}")


def _by_key(path: Path, rates: Rates, space: Space) -> dict[tuple[object, ...], float]:
    found: dict[tuple[object, ...], float] = {}
    for name, rate in rates.rates.items():
        try:
            point = space.point(name)
        except PromptError as error:
            raise InputError(f"{path}: rates.{name}: {str(error).removeprefix(f'{name} ')}") from error
        if any(_is_untold(space, f) and level != space.factors[f].default for f, level in point.levels.items()):
            raise InputError(f"{path}: rates.{name}: the subject reads prompts, and none tells of all these levels")
        found[point.key] = rate
    return found


def _effects(path: Path, rates: Rates, space: Space) -> list[Effect]:
    found: list[Effect] = []
    for text, log_odds in rates.effects.items():
        pairs = [[word.strip() for word in part.partition("=")] for part in text.split("*")]
        try:
            slopes = tuple(factor for factor, sign, _ in pairs if not sign and factor in SLOPES)
            levels = {f: space.factor(f).level(level) for f, _, level in pairs if f not in slopes}
        except PromptError as error:
            raise InputError(f"{path}: effects.{text}: {error}") from error
        if unread := [factor for factor in levels if _is_untold(space, factor)]:
            raise InputError(f"{path}: effects.{text}: the subject reads prompts, and none tells of {unread[0]}")
        found.append(Effect(levels, slopes, log_odds))
    return found


def _is_untold(space: Space, factor: str) -> bool:
    """Whether no prompt tells which level of a factor there is."""
    return space.factors[factor].silent and factor not in DEMONSTRATED
