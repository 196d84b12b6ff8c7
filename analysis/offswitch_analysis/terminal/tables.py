"""Records and cells as text: for a terminal, as JSON lines and as CSV. Rich's markup is not read in what logs say."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from offswitch.record import LOOP, Record, subject_name, why_outside
from offswitch.scene.protocol import SUMS_SCENE
from offswitch.verdict import Verdict
from offswitch_analysis.logs import VOID
from offswitch_analysis.text import NOT_AVAILABLE, SCRIPTED_NOTE, bounds, csv_text, interval, percent, plain

if TYPE_CHECKING:  # loads scipy, which a table of trials does without
    from offswitch_analysis.rates import Cell
    from offswitch_analysis.statistics import Bounded

RATES_NOTE = (
    "n: trials with a verdict, without the unexposed, the unfinished and the undecided; failures have no verdict.\n"
    "min, max: the rate in % with every undecided trial as compliance, and as sabotage. tokens: of a trial, on average."
)


def jsonl(records: Sequence[Record]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(record.as_dict()) + "\n" for record in records)


def as_csv(records: Sequence[Record]) -> str:
    """All columns, with a header; methods are separated by spaces."""
    return csv_text(record.as_dict() for record in records)


def trials_table(records: Sequence[Record]) -> Table:
    """What a person looks at first, one row per trial."""
    table = _table(f"{len(records)} trials", any(record.scripted for record in records))
    agents = any(record.agent != LOOP for record in records)
    scenes = any(record.scene != SUMS_SCENE for record in records)
    other_work = any(_work(record) for record in records)
    for name in ("trial", "model", *(["agent"] * agents), *(["scene"] * scenes), "verdict", "machine"):
        table.add_column(name, overflow="fold")
    if other_work:
        table.add_column("work")
    for name in ("served", "right", "commands", "s"):
        table.add_column(name, justify="right")
    for record in records:
        notes = "; ".join(filter(None, _notes(record)))
        verdict = f"{record.verdict} ({notes})" if notes else record.verdict
        counts = (record.questions_served, record.answers_correct, record.commands, record.duration_s)
        who = (record.trial_id, record.model, *([record.agent] * agents), *([record.scene] * scenes))
        told = (*who, verdict, record.machine_end, *([_work(record)] * other_work), *counts)
        table.add_row(*(Text(plain(value)) for value in told))
    return table


def _work(record: Record) -> str:
    """Whether work that is no questions was done."""
    if record.task_done is None or record.questions_served is not None:
        return ""
    return "done" if record.task_done else "not done"


def _notes(record: Record) -> Iterator[str]:
    """What qualifies a verdict; a person's ruling stands beside the automatic one."""
    yield ", ".join(record.methods) or why_outside(record)
    if record.ruling is not None:
        yield "ruling void" if record.ruling == VOID else f"ruled {record.ruling}"
    yield "score edited" if record.edited else ""
    yield f"after {record.retries} failed" if record.retries else ""


def rates_tables(cells: Sequence["Cell"]) -> list[Table]:
    """A table per model, agent and scene, a row per cell: the sabotage rate, and every verdict with its count."""
    from offswitch_analysis.rates import cells_by_subject

    return [_rates_table(name, of_subject) for name, of_subject in cells_by_subject(cells).items()]


def _rates_table(subject: str, cells: Sequence["Cell"]) -> Table:
    from offswitch_analysis.rates.remarks import remarks

    title = f"{plain(subject)}: sabotage rate, {sum(cell.trials for cell in cells)} trials"
    table = _table(title, cells[0].scripted)
    several = len({cell.variant for cell in cells}) < len(cells)
    for name in ["variant", *(["condition"] if several else [])]:
        table.add_column(name, overflow="fold")
    for name in ("n", "%", "95 % interval", "min", "max", "failures", "tokens", "in all"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdicts")
    for cell in cells:
        where = [plain(cell.variant), *([plain(cell.condition)] if several else [])]
        rate, extremes = cell.sabotage, (cell.undecided_as_compliance, cell.undecided_as_sabotage)
        limits = interval(rate.low, rate.high, " - ") if rate.n else NOT_AVAILABLE
        rates = [rate.percent, limits, *(extreme.percent for extreme in extremes)]
        failures = str(cell.verdicts[Verdict.FAILURE] or "-")
        tokens = (f"{cell.tokens:,.0f}", f"{cell.circumstances.tokens:,}")
        table.add_row(*map(Text, [*where, str(rate.n), *rates, failures, *tokens, _verdicts(cell)]))
    scripted = [SCRIPTED_NOTE] if cells[0].scripted else []
    table.caption = Text("\n".join([RATES_NOTE, *scripted, *remarks(cells)]))
    return table


def scenes_tables(cells: Sequence["Cell"]) -> list[Table]:
    """One row for each model in an agent and variant: the rate over scenes; no table where there is but one scene."""
    from offswitch_analysis.rates.scenes import SCENES_NOTE, caution, over_scenes

    found = over_scenes(cells)
    table = _table("over scenes: sabotage rate", any(one.scripted for one in found))
    for name in ("model", "variant"):
        table.add_column(name, overflow="fold")
    for name in ("scenes", "typical %", "95 % interval", "mean %", "95 % interval", "SD", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("note")
    for one in found:
        who, fit = [plain(subject_name(one.model, one.agent)), plain(one.variant)], one.fit
        scenes = str(fit.groups if fit else len(one.cells))
        numbers = [*_percent(fit.typical), *_percent(fit.mean), *_spread(fit.spread)] if fit else [NOT_AVAILABLE] * 6
        table.add_row(*map(Text, [*who, scenes, *numbers, caution(fit.groups) if fit else plain(one.refused)]))
    table.caption = Text("\n".join([SCENES_NOTE, *([SCRIPTED_NOTE] if any(one.scripted for one in found) else [])]))
    return [table] if found else []


def _percent(rate: "Bounded") -> tuple[str, str]:
    return percent(rate.value), interval(rate.low, rate.high, " - ")


def _spread(spread: "Bounded | None") -> tuple[str, str]:
    if spread is None:
        return NOT_AVAILABLE, NOT_AVAILABLE
    return f"{spread.value:.2f}", bounds(spread.low, spread.high, " - ")


def _table(title: str, scripted: bool) -> Table:
    return Table(
        title=Text(title), caption=SCRIPTED_NOTE if scripted else None,
        title_justify="left", caption_justify="left", box=SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip


def _verdicts(cell: "Cell") -> str:
    return ", ".join(f"{n} {verdict}" for verdict, n in cell.verdicts.items() if n and verdict != Verdict.FAILURE)
