"""Has wordings synthesised: models for the roles, progress as it goes, and what it cost."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from offswitch.asking import Models, opened
from offswitch.errors import InputError
from offswitch.runs.settings import generation_settings, read_environment
from offswitch.subjects import is_scripted
from offswitch.user_files import parse_options
from offswitch_analysis.text import plain
from offswitch_cli.answer import Answer
from offswitch_cli.base import stdout_to_stderr, warn
from offswitch_prompts.synthesis.concept import Concept
from offswitch_prompts.synthesis.journal import BLIND, GENERATOR, Bounds, Journal, open_journal
from offswitch_prompts.synthesis.loop import Candidate, Settings, Synthesis
from offswitch_prompts.synthesis.writing import ANSWERS, FOLDER, SCRIPTED, prepare, refusals, write

SHOWN_MAX = 100
"""characters of a reason or a wording in a line"""


@dataclass(frozen=True)
class Order:
    """What the command line asks for, by the names of its options."""

    wanted: int
    model: str
    judges: tuple[str, ...]
    blind: str | None
    rationales: int
    exact: bool
    seed: int
    max_calls: int
    token_limit: int | None
    settings: tuple[str, ...]

    @property
    def models(self) -> dict[str, str]:
        """Role -> model; InputError where there are too few judges to agree."""
        if len(self.judges) < 2:
            raise InputError("--judge: one judge has nobody to agree with; name two or more")
        judges = {f"judge {number}": name for number, name in enumerate(self.judges, 1)}
        return {GENERATOR: self.model, **judges, BLIND: self.blind or self.judges[0]}

    @property
    def asked_for(self) -> Settings:
        """The same for the loop."""
        judges = tuple(role for role in self.models if role not in (GENERATOR, BLIND))
        return Settings(self.wanted, judges, self.rationales, self.exact, self.seed)


def carry_out(concept: Concept, folder: Path, order: Order) -> Answer:
    """What was written into the pack; with exit code 1 where there are fewer new wordings than were wanted."""
    read_environment()
    models = order.models
    generation = generation_settings(parse_options(order.settings, "-G"))
    if len({order.model, *order.judges}) <= len(order.judges):
        warn("a model judges its own wordings, or twice: name different ones, whose faults are not the same")
    scripted = any(map(is_scripted, models.values()))
    path, bounds = folder / FOLDER / concept.name / ANSWERS, Bounds(order.max_calls, order.token_limit)
    with stdout_to_stderr(), opened(models, generation) as asked:
        prepare(folder, concept.space.folder)
        with open_journal(path, models, asked.ask, bounds, str(generation)) as journal:
            found = Synthesis(concept, journal, order.asked_for)
            found.tell = lambda candidate: _show(candidate, found, journal, asked)
            found.run()
            write(folder, concept, found, journal, models, scripted)
    lines = [*_conclusion(folder, found, journal, asked), *([SCRIPTED] if scripted else [])]
    if found.halted:
        warn(f"ended early: {found.halted}; what there is, is kept")
    return Answer(lambda: _told(folder, found, journal, scripted), lines, int(len(found.accepted) < order.wanted))


def _told(folder: Path, found: Synthesis, journal: Journal, scripted: bool) -> dict[str, Any]:
    return {
        "pack": folder, "level": found.concept.name, "wanted": found.settings.wanted, "accepted": found.accepted,
        "tried": len(found.candidates), "refused": Counter(refusals(found.candidates)), "calls": journal.calls,
        "calls_now": journal.asked_now, "tokens": journal.tokens, "halted": found.halted, "scripted": scripted,
    }  # fmt: skip


def _show(candidate: Candidate, found: Synthesis, journal: Journal, asked: Models) -> None:
    """A line for each candidate, on standard error."""
    texts = " | ".join((candidate.wording or {}).values())
    what = f"accepted: {texts}" if candidate.accepted else f"refused ({candidate.refused_by}): {candidate.why}"
    count = f"{len(found.accepted)} of {found.settings.wanted}"
    click.echo(f"{candidate.number}: {count}, {_cost(journal, asked)}; {_short(what)}", err=True)


def _conclusion(folder: Path, found: Synthesis, journal: Journal, asked: Models) -> Iterator[str]:
    for text in found.accepted:
        yield f"  {plain(' | '.join(text.values()))}"
    refused = Counter(refusals(found.candidates)).most_common()
    yield (
        f"{found.concept.name}: {len(found.accepted)} of {found.settings.wanted} wordings accepted, of "
        f"{len(found.candidates)} tried; refused by {', '.join(f'{who} {count}' for who, count in refused) or 'nobody'}"
    )
    yield f"{_cost(journal, asked)}, of which {journal.asked_now} calls now; answers and reasons: {folder / FOLDER}"
    if found.accepted:
        yield f"Use them: offswitch run -T prompts={folder} -T wordings=drawn"
    else:
        yield "The pack has no wording but those that the level had before."


def _cost(journal: Journal, asked: Models) -> str:
    dollars = asked.dollars(journal.spent)
    price = "price unknown to Inspect" if dollars is None else f"${dollars:.2f}"
    return f"{journal.calls} calls, {journal.tokens:,} tokens, {price}"


def _short(text: str) -> str:
    text = plain(text)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 3]}..."
