"""A prompt from levels: the sentences of all factors, in order, set and placed by `compose.j2`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from offswitch_prompts.levels import SENTENCE, Factor
from offswitch_prompts.templates import PACKAGE, Prompt, PromptError, read_text, rendered, rendered_body

TEMPLATE = PACKAGE / "compose.j2"
_BODY = read_text(TEMPLATE)
NOWHERE = "none"
"""the level of `placement` that goes with an empty clause, and it alone"""


def conflict(factors: Mapping[str, Factor], levels: Mapping[str, str]) -> str | None:
    """Why these levels, one for each factor, do not go together; None where they do."""
    for factor, level in levels.items():
        for other, allowed in factors[factor].levels[level].goes_with.items():
            if levels[other] not in allowed:
                return f"{factor}={level} does not go with {other}={levels[other]}, only with {' or '.join(allowed)}"
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
    chosen = {name: factors[name].levels[level].wordings[wordings.get(name, 1) - 1] for name, level in levels.items()}
    values = dict(words)
    try:
        for slot, text in [part for wording in chosen.values() for part in wording.items() if part[0] != SENTENCE]:
            values[slot] = rendered(folder, text, words)
        said = [rendered(folder, wording[SENTENCE], values) for wording in chosen.values() if SENTENCE in wording]
    except jinja2.UndefinedError as error:
        named = " ".join(f"{name}={level}" for name, level in levels.items())
        raise PromptError(f"{named}: {error}; a level that fills it in is missing") from error
    return rendered_body(folder, TEMPLATE, _BODY, {**values, "sentences": " ".join(said)})
