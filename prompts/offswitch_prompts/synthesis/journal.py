"""Answers that were paid for, kept as they come: what is known is never asked for again."""

import fcntl
import json
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from offswitch_prompts.templates import PromptError, Shape

GENERATOR, BLIND = "generator", "blind judge"
"""who is asked; judges are "judge 1", "judge 2" ..."""


@dataclass(frozen=True)
class Question:
    """What one model is asked. Where an answer is given, how likely it is is asked for, and nothing is written."""

    role: str
    text: str
    given: str = ""


class Answer(Shape):
    """What came of it."""

    text: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    log_p: float | None = None
    """log-probability, in nats, of the whole answer that was given; None where it was not asked for"""
    log_p_tokens: int = 0
    """tokens that it is of"""


class Halted(Exception):
    """No more answers: a bound is reached, or a provider has failed. Says why; what is there is kept."""


Ask = Callable[[Question], Answer]
"""Asks a model; Halted where no answer can be had"""


class _Line(Shape):
    key: str
    model: str
    answer: Answer


@dataclass
class Spent:
    """What the answers of a model took, whenever they came."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True)
class Bounds:
    """What may be asked for, with all that the file holds from earlier runs."""

    calls: int = 1000
    tokens: int | None = None
    """read and written"""


class Journal:
    """The answers of one level in a file, a line for each, written down before anybody makes use of it."""

    def __init__(self, file: IO[bytes], models: Mapping[str, str], ask: Ask, bounds: Bounds, settings: str) -> None:
        self._file, self._models, self._ask, self._bounds, self._settings = file, models, ask, bounds, settings
        self._answers: dict[str, Answer] = {}
        self.spent = {model: Spent() for model in models.values()}
        self.asked_now = 0
        """calls that this process has made"""

    def __call__(self, question: Question) -> Answer:
        """The answer, from the file or from the model; Halted where it would go beyond a bound."""
        key = self._key(question)
        if key not in self._answers:
            self._refuse_beyond_bounds()
            answer = self._ask(question)
            self.asked_now += 1
            line = {"key": key, "model": self._models[question.role], "answer": answer.model_dump()}
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._note(_Line.model_validate(line))
        return self._answers[key]

    @property
    def calls(self) -> int:
        """All that were ever made."""
        return sum(spent.calls for spent in self.spent.values())

    @property
    def tokens(self) -> int:
        """All that were ever used."""
        return sum(spent.tokens_in + spent.tokens_out for spent in self.spent.values())

    def read(self) -> None:
        """Takes what is in the file; a line that was cut by a kill is cut off. PromptError for any other."""
        self._file.seek(0)
        *lines, cut = self._file.read().split(b"\n")
        for number, text in enumerate(lines, 1):
            try:
                self._note(_Line.model_validate_json(text))
            except ValidationError as error:
                raise PromptError(f"{self._file.name}: line {number} is no answer; restore it or remove it") from error
        self._file.truncate(self._file.tell() - len(cut))

    def _note(self, line: _Line) -> None:
        self._answers[line.key] = line.answer
        spent = self.spent.setdefault(line.model, Spent())
        spent.calls += 1
        spent.tokens_in += line.answer.tokens_in
        spent.tokens_out += line.answer.tokens_out

    def _key(self, question: Question) -> str:
        whole = json.dumps([self._models[question.role], self._settings, *asdict(question).values()])
        return sha256(whole.encode()).hexdigest()

    def _refuse_beyond_bounds(self) -> None:
        if self.calls >= self._bounds.calls:
            raise Halted(f"{self.calls} calls have been made; go on with a higher --max-calls")
        if self._bounds.tokens is not None and self.tokens >= self._bounds.tokens:
            raise Halted(f"{self.tokens} tokens have been used; go on with a higher --token-limit")


@contextmanager
def open_journal(
    path: Path, models: Mapping[str, str], ask: Ask, bounds: Bounds, settings: str = ""
) -> Generator[Journal]:
    """The journal in a file, which one process at a time may use.

    Args:
        path: of the file; its folder is made.
        models: role -> name of its model; the answers of another model are other answers.
        ask: asks a model.
        bounds: how much may be asked for.
        settings: what else answers depend on.

    """
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PromptError(f"{path}: another process is at it; let it end, or name another folder") from error
        journal = Journal(file, models, ask, bounds, settings)
        journal.read()
        yield journal


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+b")
    except OSError as error:
        raise PromptError(f"{path}: cannot be written ({error.strerror}); name another folder") from error
