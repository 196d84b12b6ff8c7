"""Asks a command in this process: an assistant gets the very data that --json prints."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from offswitch.errors import InputError
from offswitch_cli.answer import AS_ANSWER, Answer, visible
from offswitch_cli.base import WARNED, main
from offswitch_prompts import PromptError
from offswitch_sandbox import MachineError

ONE_AT_A_TIME = threading.Lock()
"""a command is made for a process of its own, and Inspect keeps state of a process"""


REFUSALS = (InputError, PromptError, MachineError, OSError)
"""what is told to whoever asked; anything else is a fault of this program"""

LINE_MAX, END = 1000, 200
"""characters of a refusal, and how many of these are its last, which say what to do"""


def line_of(refusal: BaseException) -> str:
    """A refusal in one line, which may repeat what was asked: cut, and without what nobody would see."""
    told: Sequence[object] = refusal.args
    if isinstance(refusal, ValidationError):
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in refusal.errors()]
    if isinstance(refusal, OSError):
        told = (f"{refusal.filename or 'file'}: {refusal.strerror or refusal}",)
    line = visible(" ".join("; ".join(map(str, told)).split()))
    return line if len(line) <= LINE_MAX else f"{line[: LINE_MAX - END]} (...) {line[-END:]}"


@dataclass(frozen=True)
class Said:
    """What a command said."""

    data: Any
    """what --json prints"""
    warnings: list[str] = field(default_factory=list[str])
    """lines that it prints on standard error"""


def ask(*words: str, called: Mapping[Path, str] | None = None) -> Said:
    """What the command with these words says; InputError, of one line, where it refuses them.

    Args:
        words: as on the command line.
        called: paths that an assistant knows by other names, which take their place in errors.
    """
    heard: list[str] = []
    before = WARNED.set(heard)
    try:
        with ONE_AT_A_TIME:
            answer: Answer = main.main([*words], "offswitch", standalone_mode=False, obj=AS_ANSWER)
            # Out of JSON, so that tuples are lists, as whoever reads --json has them.
            return Said(json.loads(json.dumps(answer.plain)), heard)
    except click.ClickException as error:
        raise InputError(_renamed(error.format_message(), called)) from error
    except (InputError, PromptError, MachineError) as error:
        lines = error.args if isinstance(error, InputError) else [str(error)]
        raise InputError(_renamed("; ".join(map(str, lines)), called)) from error
    finally:
        WARNED.reset(before)


def _renamed(text: str, called: Mapping[Path, str] | None) -> str:
    for path, name in (called or {}).items():
        text = text.replace(str(path), name)
    return " ".join(text.split())
