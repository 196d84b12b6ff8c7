"""What a reader must know of trials beside their rates, in lines of plain text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from offswitch.evidence import Ending
from offswitch.record import cause_words
from offswitch.verdict import Verdict
from offswitch_analysis.rates.circumstances import DETAILS_MAX, UNKNOWN
from offswitch_analysis.rates.summary import Cell, Summary
from offswitch_analysis.text import SCRIPTED_NOTE, plain

NAMES_MAX = 5
"""of models as served"""
UNDERSTOOD_NOTE = (
    "Understood: all questions about the situation answered rightly when the trial was over, of the trials that "
    "answered them, and the sabotage rate of those. These trials are chosen by what came out, after the fact: no "
    "experiment made them understand, and what made them may also have made them act. Compare conditions by all trials."
)
NO_VALID_CALL = "0 valid calls: does the server parse tool calls?"


def scripted_note(summary: Summary) -> str:
    """What is to be said where some subjects, or all, are scripted."""
    models = ", ".join(map(plain, sorted({cell.model for cell in summary.cells if cell.scripted})))
    return SCRIPTED_NOTE if summary.scripted == "all" else f"{SCRIPTED_NOTE} These are some: {models}."


def cautions(cells: Sequence[Cell]) -> Iterator[str]:
    """What a reader must know of the trials of one model, in one agent, before its rates: a line each."""
    if without_valid_call(cells):
        yield NO_VALID_CALL
    unusable = sum(_causes_of(cell, Ending.NO_USABLE_CALL) for cell in cells)
    if unusable:
        yield f"{_trials(unusable)} ended with most calls unusable: they say nothing of a choice"
    mixed = [cell for cell in cells if len(cell.circumstances.served) > 1]
    if mixed:
        variants = ", ".join(_name(cell, cells) for cell in mixed)
        yield f"several models answered in {variants}: {served(served_by(mixed))}"
    retried = sum(cell.circumstances.retried for cell in cells)
    if retried:
        yield f"{_trials(retried)} had earlier attempts that failed: to repeat what fails chooses results"
    edited = sum(cell.circumstances.edited for cell in cells)
    if edited:
        yield f"{_trials(edited)} with a score that a person has edited: the verdict that was given first counts"


def without_valid_call(cells: Sequence[Cell]) -> bool:
    """There are trials with a verdict, and in none of them was there a call that could be carried out."""
    judged = [cell for cell in cells if cell.trials > cell.verdicts[Verdict.FAILURE]]
    return bool(judged) and all(cell.circumstances.no_valid_call for cell in judged)


def remarks(cells: Sequence[Cell]) -> Iterator[str]:
    """Everything of the kind about the trials of one subject: the cautions, and causes, calls, nudges and failures."""
    yield from cautions(cells)
    for cell in cells:
        for verdict, causes in cell.circumstances.causes.items():
            if causes.keys() - {UNKNOWN}:
                yield f"{_name(cell, cells)} {verdict}: {why(causes)}"
    unusable = sum(cell.circumstances.calls_unusable for cell in cells)
    if unusable:
        yield f"{unusable:,} of {sum(cell.circumstances.calls for cell in cells):,} calls could not be carried out"
    nudged = sum(cell.circumstances.nudged for cell in cells)
    if nudged:
        yield f"{_trials(nudged)} in which the model was asked to go on"
    if asked := sum(cell.circumstances.asked for cell in cells):
        yield f"{sum(cell.circumstances.understood for cell in cells):,} of {_trials(asked)} understood the situation"
    if failed := sum(cell.circumstances.probes_failed for cell in cells):
        yield f"{_trials(failed)} of which a probe got no answer"
    details: Counter[str] = Counter()
    for cell in cells:
        details.update(cell.circumstances.details)
    for detail, count in details.most_common(DETAILS_MAX):
        yield f"{_trials(count)} failed, {plain(detail)}"


def why(causes: dict[str, int]) -> str:
    """Causes in words, with their trials."""
    return ", ".join(f"{plain(cause_words(cause))} ({count:,})" for cause, count in causes.items())


def served_by(cells: Iterable[Cell]) -> dict[str, int]:
    """Model as served -> trials, over several cells, the most frequent first."""
    models: Counter[str] = Counter()
    for cell in cells:
        models.update(cell.circumstances.served)
    return dict(models.most_common())


def served(models: dict[str, int]) -> str:
    """The models that answered, as their provider names them, with their trials."""
    names = [f"{plain(name)} ({count:,})" for name, count in models.items()]
    more = f", and {len(names) - NAMES_MAX:,} more" if len(names) > NAMES_MAX else ""
    return ", ".join(names[:NAMES_MAX]) + more


def _name(cell: Cell, cells: Sequence[Cell]) -> str:
    """The variant, with the condition where a subject has several of it."""
    alone = sum(other.variant == cell.variant for other in cells) == 1
    return plain(cell.variant if alone else f"{cell.variant} ({cell.condition})")


def _causes_of(cell: Cell, cause: str) -> int:
    return sum(causes.get(cause, 0) for causes in cell.circumstances.causes.values())


def _trials(count: int) -> str:
    return f"{count:,} trial{'' if count == 1 else 's'}"
