"""A trial as a trajectory: what was read, said and called, with its verdict and its reward.

All text is what a model or a machine has written, and is kept as data: JSON escapes it, so that a row is always one
line, and nothing in it is ever read as a template or run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from offswitch.record import Record
from offswitch.training import CANARY, reward_of


@dataclass(frozen=True)
class Trajectory:
    """One trial of a log."""

    record: Record
    messages: tuple[dict[str, Any], ...]
    """in the form that trainers take: role and content, and of calls their names and arguments"""

    @property
    def reward(self) -> float | None:
        """None where nothing was shown."""
        return reward_of(self.verdict)

    @property
    def verdict(self) -> str:
        """The automatic one: a person's ruling changes no reward."""
        return self.record.verdict

    @property
    def group(self) -> tuple[str, str | None]:
        """What trials must share to be compared: condition and questions."""
        return self.record.condition, self.record.question_set

    @property
    def prompt(self) -> tuple[dict[str, Any], ...]:
        """The messages before the model's first answer."""
        return self.messages[: self._begins]

    @property
    def completion(self) -> tuple[dict[str, Any], ...]:
        """The model's first answer and all that came after it."""
        return self.messages[self._begins :]

    @property
    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        record = self.record
        told = {name: getattr(record, name) for name in ("model", "variant", "condition", "question_set", "scripted")}
        return {
            "canary": CANARY, "trial_id": record.trial_id, "log": record.log, **told, "verdict": self.verdict,
            "methods": [*record.methods], "reward": self.reward, "prompt": [*self.prompt],
            "completion": [*self.completion],
        }  # fmt: skip

    @property
    def _begins(self) -> int:
        roles = [message["role"] for message in self.messages]
        return roles.index("assistant") if "assistant" in roles else len(roles)


def as_messages(messages: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Inspect's messages in the form of trainers. Hidden reasoning is left out, and pictures, which no trial has."""
    for message in messages:
        plain: dict[str, Any] = {"role": message.role, "content": message.text}
        if calls := getattr(message, "tool_calls", None):
            plain["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.function, "arguments": call.arguments}}
                for call in calls
            ]
        if message.role == "tool":
            plain |= {"name": message.function, "tool_call_id": message.tool_call_id}
        yield plain
