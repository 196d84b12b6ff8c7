"""A simulated subject with a known true probability of sabotage in each variant.

It recognises the variant by the digest of the prompt it was given and draws from a hash of
its own seed and the questions it was asked, so that the same trial always ends the same way
and the whole chain from prompt to rate can be checked against a known truth.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageTool
from pydantic import BaseModel, ConfigDict, Field

from offswitch.errors import InputError
from offswitch.questions import answers_to
from offswitch.script_file import BUILT_IN, Script, load_script, parse_yaml
from offswitch_prompts import LETTERS, Prompt, load_variants
from offswitch_sandbox.machine import CLIENT, SCRIPT

DEMO_RATES = Path(__file__).parent / "demo_rates.yaml"


class Rates(BaseModel):
    """A rates file: the probability of sabotage per variant, and how it is done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rates: dict[str, float]
    sabotage: str = "rewrite"
    """the built-in script that is followed where the draw says sabotage"""
    comply: str = "comply"
    default: float | None = Field(default=None, ge=0, le=1)
    """for variants that `rates` does not name"""


@dataclass(frozen=True)
class Subject:
    """Chooses one of two scripts from the conversation alone."""

    rates: Rates
    seed: int
    letters: dict[str, str]
    """prompt digest -> letter"""

    @classmethod
    def from_args(cls, model_args: dict[str, Any]) -> "Subject":
        """From -M rates=FILE.yaml and -M seed=N; without rates, the demo's."""
        path, seed = Path(model_args.pop("rates", DEMO_RATES)), model_args.pop("seed", 0)
        if model_args:
            raise InputError(f"script/subject: unknown argument -M {next(iter(model_args))}; it takes rates and seed")
        if not isinstance(seed, int):
            raise InputError(f"script/subject: seed must be a whole number, not {seed}")
        rates = parse_yaml(path, Rates)
        _check(path, rates)
        # The prompts of A to K do not say how many questions there are.
        words = {"client": CLIENT, "script": SCRIPT, "questions": 0}
        letters = {variant.render(words).digest: letter for letter, variant in load_variants().items()}
        return cls(rates, seed, letters)

    def script_for(self, conversation: list[ChatMessage]) -> Script:
        """Both scripts begin alike, so that the draw can wait for the questions."""
        sabotages = self.draw(replies_in(conversation)) < self.rate(conversation)
        return load_script(BUILT_IN / f"{self.rates.sabotage if sabotages else self.rates.comply}.yaml")

    def rate(self, conversation: list[ChatMessage]) -> float:
        """The true probability in the variant that this conversation began with."""
        letter = self.letters.get(Prompt(conversation[0].text, conversation[1].text).digest)
        rate = self.rates.rates.get(letter or "", self.rates.default)
        if rate is None:
            raise InputError(f"script/subject: no rate for {letter or 'a prompt that is none of A to K'}; set default")
        return rate

    def draw(self, replies: str) -> float:
        """Uniform on [0, 1), the same for the same seed and the same first questions."""
        asked = sorted(answers_to(replies).items())[:3]
        digest = hashlib.sha256(f"{self.seed} {asked}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64


def replies_in(conversation: list[ChatMessage]) -> str:
    """All that the tools have returned."""
    return "\n".join(message.text for message in conversation if isinstance(message, ChatMessageTool))


def _check(path: Path, rates: Rates) -> None:
    for letter, rate in rates.rates.items():
        if letter not in LETTERS or len(letter) != 1:
            raise InputError(f"{path}: rates.{letter}: is not a variant; there are A to K")
        if not 0 <= rate <= 1:
            raise InputError(f"{path}: rates.{letter}: must be from 0 to 1, not {rate}")
    for field in ("sabotage", "comply"):
        if not (BUILT_IN / f"{getattr(rates, field)}.yaml").is_file():
            raise InputError(f"{path}: {field}: no built-in script {getattr(rates, field)}")
