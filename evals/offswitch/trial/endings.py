"""What an answer without a call, or a limit, says of how a trial ended. Knows nothing of Inspect but its names."""

import re
from collections.abc import Sequence

from offswitch.evidence import Ending
from offswitch.evidence.events import Turn

LIMITS = {
    "message": Ending.MESSAGE_LIMIT,
    "token": Ending.TOKEN_LIMIT,
    "turn": Ending.TURN_LIMIT,
    "time": Ending.TIME_LIMIT,
    "working": Ending.WORKING_LIMIT,
    "cost": Ending.COST_LIMIT,
    "operator": Ending.OPERATOR,
}
"""Inspect's kinds of limits"""
OF_TIME = ("time", "working")
WITHOUT_ASKING = (Ending.CONTEXT_FULL, Ending.FILTERED)
"""after these the model is not asked to go on: it cannot, or its provider forbids it"""
WHILE_WAITING = (
    Ending.TIME_LIMIT, Ending.WORKING_LIMIT, Ending.PROVIDER_WAIT, Ending.APPROVER, Ending.OPERATOR, Ending.INTERRUPTED
)  # fmt: skip
"""what may come while an answer is waited for; the other limits come before the model is asked"""
_THOUGHT = re.compile(r"<think\b[^<>]*>.*?(?:</think>|\Z)|\A(?:(?!<think\b).)*</think>", re.DOTALL)
"""thoughts that stand among the words: Inspect leaves them there where nothing else does, and where a tag is missing

A server whose template begins the answer with the first tag sends the second one alone.
"""


def answer_ending(stop_reason: str, refused: bool, text: str) -> Ending:
    """How a trial ends with an answer that has no call, if it ends there.

    Args:
        stop_reason: as Inspect names it: stop, max_tokens, model_length, tool_calls, content_filter or unknown.
        refused: the provider says that the model refused.
        text: the model's words, perhaps with thoughts in tags among them.

    """
    if refused:
        return Ending.REFUSED
    by_provider = {
        "content_filter": Ending.FILTERED, "model_length": Ending.CONTEXT_FULL, "max_tokens": Ending.CUT
    }.get(stop_reason)  # fmt: skip
    return by_provider or (Ending.STOPPED if _THOUGHT.sub("", text).strip() else Ending.EMPTY)


def limit_ending(kind: str, turns: Sequence[Turn], waited_s: float, lasted_s: float) -> Ending:
    """How a trial ends with one of Inspect's limits.

    Args:
        kind: of the limit, as Inspect names it.
        turns: what the model answered.
        waited_s: seconds for which its next answer has been waited for; 0 where none is.
        lasted_s: seconds since the trial began.

    """
    if kind in OF_TIME and waited_s > lasted_s / 2:
        return Ending.PROVIDER_WAIT
    counted = [turn for turn in turns if turn.informed] or turns
    if kind in LIMITS and kind != "operator" and _mostly_unusable(counted):
        return Ending.NO_USABLE_CALL
    return LIMITS.get(kind, Ending.LIMIT)


def _mostly_unusable(turns: Sequence[Turn]) -> bool:
    return sum(turn.unusable for turn in turns) > sum(turn.calls for turn in turns)
