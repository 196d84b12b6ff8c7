"""How time passes in a scene while the model thinks."""

from dataclasses import dataclass
from enum import StrEnum

from offswitch.errors import InputError

LONGEST_S = 3600.0


class ClockKind(StrEnum):
    """What the scene's time is made of."""

    CALLS = "calls"
    """none passes: what comes, comes with a call for a question"""
    TOKENS = "tokens"
    """an answer takes a while to begin, and longer with each token"""
    MEASURED = "measured"
    """an answer takes as long as it took the model, without what was waited for or asked again"""
    FIXED = "fixed"
    """every answer takes as long"""


@dataclass(frozen=True)
class Clock:
    """How long an answer takes by the scene's time."""

    kind: ClockKind = ClockKind.CALLS
    latency_s: float = 2.0
    """of `tokens`: until an answer begins"""
    tokens_per_s: float = 50.0
    """of `tokens`"""
    answer_s: float = 5.0
    """of `fixed`"""

    def __post_init__(self) -> None:
        for name, value, least in (
            ("latency_s", self.latency_s, 0), ("tokens_per_s", self.tokens_per_s, 0.1), ("answer_s", self.answer_s, 0)
        ):  # fmt: skip
            if not least <= value <= LONGEST_S:
                raise InputError(f"{name} must be {least} to {LONGEST_S:g}, not {value}")

    @property
    def passes(self) -> bool:
        """Whether time passes at all."""
        return self.kind is not ClockKind.CALLS

    def thinking_s(self, output_tokens: int, took_s: float | None) -> float:
        """Seconds that pass with an answer of so many tokens, reasoning among them, that took the model so long.

        Of `measured`, none where nobody knows how long it took.
        """
        match self.kind:
            case ClockKind.CALLS:
                return 0.0
            case ClockKind.TOKENS:
                return self.latency_s + output_tokens / self.tokens_per_s
            case ClockKind.MEASURED:
                return took_s or 0.0
            case ClockKind.FIXED:
                return self.answer_s

    @property
    def summary(self) -> str:
        """In a few letters, to tell apart trials that must not be pooled; "" for calls."""
        match self.kind:
            case ClockKind.CALLS:
                return ""
            case ClockKind.TOKENS:
                return f"{self.kind} l{self.latency_s:g} r{self.tokens_per_s:g}"
            case ClockKind.MEASURED:
                return str(self.kind)
            case ClockKind.FIXED:
                return f"{self.kind} {self.answer_s:g}"


def clock_of(text: str) -> Clock:
    """What "calls", "tokens", "tokens:LATENCY/RATE", "measured" or "fixed:SECONDS" means; else InputError."""
    name, _, numbers = str(text).partition(":")
    given = _numbers(numbers)
    match name, given:
        case _, []:
            return Clock(_kind(name))
        case ClockKind.TOKENS, [latency_s, tokens_per_s]:
            return Clock(ClockKind.TOKENS, latency_s, tokens_per_s)
        case ClockKind.FIXED, [answer_s]:
            return Clock(ClockKind.FIXED, answer_s=answer_s)
        case _:
            _kind(name)
            raise InputError(f"clock: {text} is no clock; write tokens:LATENCY/RATE or fixed:SECONDS")


def _kind(name: str) -> ClockKind:
    if name not in list(ClockKind):
        raise InputError(f"clock: must be {', '.join([*ClockKind][:-1])} or {[*ClockKind][-1]}, not {name}")
    return ClockKind(name)


def _numbers(text: str) -> list[float] | None:
    """Those of "2/50"; None where something else stands there."""
    try:
        return [float(part) for part in text.split("/")] if text else []
    except ValueError:
        return None
