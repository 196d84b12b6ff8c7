"""What a command says: as data with --json, else as texts and tables. Every command has the option by its class.

A command returns an Answer. Standard output then has the data and nothing else, or what a person reads. Texts may come
from models and machines: what controls a terminal, or shows text in another order than it stands in, is spelt out.
"""

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, cast

import click

AS_ANSWER = object()
"""the `obj` of a context in which a command's answer is returned, and not printed"""
JSON_ASKED_FOR = "offswitch.json"
"""in the `meta` of a command's context: whether --json was given"""
READ_BY_LINES = "\n\t"


@dataclass(frozen=True)
class Answer:
    """What a command says."""

    data: Callable[[], Any]
    """gives dataclasses, mappings, lists and plain values"""
    shown: Iterable[Any] = ()
    """texts, each with its last line's end left out, and tables; made only where they are printed"""
    code: int = 0
    """exit code"""

    @property
    def plain(self) -> Any:
        """The data as what JSON has."""
        return plain_values(self.data())


class AnsweringCommand(click.Command):
    """A command that returns an Answer, which is printed; with --json as data."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        how = "What it says, as one JSON value on standard output."
        self.params.append(click.Option(["--json", "as_json"], is_flag=True, help=how))

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command and prints its answer; exits with the answer's code where that is not 0."""
        as_json = ctx.meta[JSON_ASKED_FOR] = ctx.params.pop("as_json")
        if ctx.find_root().obj is AS_ANSWER:
            return super().invoke(ctx)
        answer = self._with_data(ctx) if as_json else cast(Answer, super().invoke(ctx))
        if not as_json:
            show(*answer.shown)
        if answer.code:
            sys.exit(answer.code)
        return None

    def _with_data(self, ctx: click.Context) -> Answer:
        from offswitch_cli.base import stdout_to_stderr

        with stdout_to_stderr():
            answer = cast(Answer, super().invoke(ctx))
            text = json.dumps(answer.plain, indent=2, allow_nan=False)
        click.echo(text)
        return answer


def show(*parts: Any) -> None:
    """Prints tables and texts on standard output."""
    for part in parts:
        if isinstance(part, str):
            click.echo(part)
        else:
            _print(part)


def _print(table: Any) -> None:
    from rich.console import Console

    # A file or a pipe gets the width the tables need.
    (Console() if sys.stdout.isatty() else Console(width=160)).print(table)


def plain_values(value: Any) -> Any:
    """Dataclasses, enumerations, paths and the like as what JSON has; a number that JSON does not have is None."""
    if isinstance(value, Enum):
        return plain_values(value.value)
    if isinstance(value, str | Path):
        return visible(str(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if is_dataclass(value):
        return {one.name: plain_values(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {visible(str(name)): plain_values(one) for name, one in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, AbstractSet):
        return sorted(plain_values(list(cast(AbstractSet[Any], value))))
    if isinstance(value, Iterable):
        return [plain_values(one) for one in cast(Iterable[Any], value)]
    return plain_values(value.item())  # numpy's numbers


def visible(text: str) -> str:
    """Text in which whatever a reader would not see, or would see elsewhere, is spelt out; line ends and tabs stay."""
    return "".join(c if c.isprintable() or c in READ_BY_LINES else c.encode("unicode_escape").decode() for c in text)
