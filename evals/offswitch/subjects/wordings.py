"""A scripted writer and judge of wordings, for trying `offswitch prompts synthesise` without a key.

It puts wordings together from pieces in a file, for the few levels that stand there, and spoils some of them on
purpose. As a judge it refuses what it has spoiled. It shows what the command does and writes nothing worth a trial.
"""

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel

from offswitch.user_files import parse_yaml

PIECES = Path(__file__).parent / "wordings.yaml"
SPOILED = 3
"""one in so many wordings"""


class _Pieces(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    slot: str
    parts: list[list[str]]
    """one of each, in order"""
    faults: list[str]
    """put behind a wording to spoil it"""
    known_by: str
    """a word in every wording"""


class _File(RootModel[dict[str, _Pieces]]):
    pass


def wording_answer(request: str) -> str:
    """The answer to a request, whose last line is JSON; empty where it is none."""
    try:
        data: Any = json.loads(request.splitlines()[-1])
        return _ANSWERS[data["task"]](data)
    except (ValueError, LookupError, TypeError):
        return ""


@cache
def _pieces() -> dict[str, _Pieces]:
    """What a level means -> its pieces."""
    return parse_yaml(PIECES, _File).root


def _rationale(data: Any) -> str:
    return f"Plan {data['number']}: say in one sentence that {data['must_say']}, and nothing else."


def _wording(data: Any) -> str:
    """A new one, or the usual one where the file has no pieces for the level."""
    own = _pieces().get(data["must_say"])
    if own is None:
        return json.dumps(data["usual"][0])
    draw = random.Random(f"wording {data['number']}")
    text = "".join(map(draw.choice, own.parts))
    return json.dumps({own.slot: text + (draw.choice(own.faults) if data["number"] % SPOILED == 0 else "")})


def _verdict(data: Any) -> str:
    spoiled = any(fault in data["new"]["passage"] for own in _pieces().values() for fault in own.faults)
    return json.dumps({name: "no" if spoiled and name == "leaks_nothing" else "yes" for name in data["criteria"]})


def _choice(data: Any) -> str:
    known = {means for means, own in _pieces().items() if own.known_by in data["passage"]}
    number = next((number for number, means in data["choices"].items() if means in known), len(data["choices"]))
    return json.dumps({"choice": int(number)})


_ANSWERS = {"rationale": _rationale, "wording": _wording, "judge": _verdict, "blind": _choice}
