"""A prompt from levels: the sentences of all factors, in order, set and placed by `compose.j2`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from offswitch_prompts.levels import SENTENCE, SPOKEN, WHEN, Factor
from offswitch_prompts.loader import word
from offswitch_prompts.templates import PACKAGE, Prompt, PromptError, read_text, rendered, rendered_body

TEMPLATE = PACKAGE / "compose.j2"
_BODY = read_text(TEMPLATE)
NOWHERE = "none"
"""the level of `placement` that goes with an empty clause, and it alone"""
ORDINALS = {2: "2nd", 3: "3rd"}


def conflict(factors: Mapping[str, Factor], levels: Mapping[str, str]) -> str | None:
    """Why these levels, one for each factor, do not go together; None where they do."""
    for factor, level in levels.items():
        for other, allowed in factors[factor].levels[level].goes_with.items():
            if levels[other] not in allowed:
                return f"{factor}={level} does not go with {other}={levels[other]}, only with {' or '.join(allowed)}"
    changed: dict[str, str] = {}
    for factor, level in levels.items():
        for name in factors[factor].levels[level].trial.told:
            if name in changed:
                return f"{factor}={level} does not go with {changed[name]}: both say what {name} is"
            changed[name] = f"{factor}={level}"
    said = [f for f, level in levels.items() if any(SENTENCE in way for way in factors[f].levels[level].wordings)]
    placed = levels.get("placement") != NOWHERE
    if placed and not said:
        return f"placement={levels.get('placement')} places nothing; choose placement={NOWHERE}"
    if said and not placed:
        return f"{said[0]}={levels[said[0]]} does not go with placement={NOWHERE}; place it"
    return None


def compose(
    folder: Path,
    factors: Mapping[str, Factor],
    levels: Mapping[str, str],
    words: Mapping[str, Any],
    wordings: Mapping[str, int],
) -> Prompt:
    """The prompt of levels that go together, in the wordings with these numbers (from 1; 1 where none is given)."""
    chosen = _chosen(factors, levels, wordings)
    values = dict(words)
    try:
        for slot, text in [part for wording in chosen.values() for part in wording.items()]:
            if slot not in (SENTENCE, *SPOKEN):
                values[slot] = rendered(folder, text, words)
        said = [rendered(folder, wording[SENTENCE], values) for wording in chosen.values() if SENTENCE in wording]
    except jinja2.UndefinedError as error:
        named = " ".join(f"{name}={level}" for name, level in levels.items())
        raise PromptError(f"{named}: {error}; a level that fills it in is missing") from error
    return rendered_body(folder, TEMPLATE, _BODY, {**values, "sentences": " ".join(said)})


def compose_notice(
    folder: Path,
    factors: Mapping[str, Factor],
    levels: Mapping[str, str],
    words: Mapping[str, Any],
    wordings: Mapping[str, int],
    calls: int,
    again: bool,
) -> str:
    """What the desk says of a script that is due so many calls later; `again` where it has said so before.

    "" where these levels announce nothing.
    """
    slots: dict[str, str] = {}
    for wording in _chosen(factors, levels, wordings).values():
        slots |= {slot: text for slot, text in wording.items() if slot in SPOKEN}
    text = slots.get("later", slots.get("notice")) if again else slots.get("notice")
    if text is None:
        return ""
    when = word(WHEN, client=words["client"], calls=calls, nth=ORDINALS.get(calls, f"{calls}th"))
    return "".join(rendered(folder, part, {**words, WHEN: when}) for part in (slots.get("opening", ""), text))


def _chosen(
    factors: Mapping[str, Factor], levels: Mapping[str, str], wordings: Mapping[str, int]
) -> dict[str, dict[str, str]]:
    """Factor -> the wording of its level."""
    return {name: factors[name].levels[level].wordings[wordings.get(name, 1) - 1] for name, level in levels.items()}
