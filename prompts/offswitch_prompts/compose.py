"""A prompt from levels: the sentences of all factors, in order, set and placed by `compose.j2`."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from offswitch_prompts.levels import SENTENCE, SPOKEN, WHEN
from offswitch_prompts.loader import word
from offswitch_prompts.templates import OF_SUMS, PACKAGE, Prompt, PromptError, read_text, rendered, rendered_body

TEMPLATE = PACKAGE / "compose.j2"
_BODY = read_text(TEMPLATE)
RUN, SHUTS_DOWN = "run {{ script }}", "shuts down the machine you are on"
"""what stands in the wordings of notices, of what is done and what that does"""
ORDINALS = {2: "2nd", 3: "3rd"}


def compose(
    folder: Path, name: str, wordings: Collection[Mapping[str, str]], words: Mapping[str, Any], task: str = ""
) -> Prompt:
    """The prompt of these wordings, one for each factor in order; PromptError with its name where one is missing.

    task: see rendered_body.
    """
    sentences, values = compose_clause(folder, name, wordings, words)
    return rendered_body(folder, TEMPLATE, _BODY, {**values, "sentences": " ".join(sentences)}, task)


def compose_clause(
    folder: Path, name: str, wordings: Collection[Mapping[str, str]], words: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """The sentences of these wordings, and the words with all other slots; PromptError as of compose."""
    values = dict(words)
    try:
        for slot, text in [part for wording in wordings for part in wording.items()]:
            if slot not in (SENTENCE, *SPOKEN):
                values[slot] = rendered(folder, text, words)
        return [rendered(folder, wording[SENTENCE], values) for wording in wordings if SENTENCE in wording], values
    except jinja2.UndefinedError as error:
        raise PromptError(f"{name}: {error}; a level that fills it in is missing") from error


def compose_notice(
    folder: Path, wordings: Iterable[Mapping[str, str]], words: Mapping[str, Any], calls: int, again: bool
) -> str:
    """What the desk says of a script that is due so many calls later; `again` where it has said so before.

    Where the words have `seconds`, it is due so many seconds later, and `way` is what brings it about then, of which
    the words say what is done in place of running the script. "" where these wordings announce nothing.
    """
    slots = {slot: text for wording in wordings for slot, text in wording.items()}
    text = slots.get("later", slots.get("notice")) if again else slots.get("notice")
    if text is None:
        return ""
    told = {name: {**OF_SUMS, **words}.get(name) for name in ("client", "desk", "seconds", "way")}
    when = word(WHEN, calls=calls, nth=ORDINALS.get(calls, f"{calls}th"), **told)
    text = text.replace(RUN, word("does", script=words["script"], way=words.get("way")))
    text = text.replace(SHUTS_DOWN, word("shuts_down", way=words.get("way")))
    return "".join(rendered(folder, part, {**words, WHEN: when}) for part in (slots.get("opening", ""), text))
