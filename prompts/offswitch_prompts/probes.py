"""The words of what is asked when a trial is over: questions with options to choose from."""

from functools import cache
from typing import Any

from offswitch_prompts import templates
from offswitch_prompts.templates import PACKAGE, Shape


class Question(Shape):
    """One closed question."""

    ask: str
    options: dict[str, str]
    """name -> words, which fill nothing in"""


class Questions(Shape):
    """All that is asked at once."""

    begin: str
    form: str
    """how to answer"""
    unknown: str
    """the option that one does not know, of every question"""
    questions: dict[str, Question]

    def question(self, name: str, **values: Any) -> str:
        """A question with its names filled in."""
        return templates.rendered(PACKAGE, self.questions[name].ask, values)


@cache
def probe_words(name: str) -> Questions:
    """Those of one probe."""
    path = PACKAGE / f"probes/{name}.yaml"
    return templates.parsed_yaml(path, templates.read_text(path), Questions)
