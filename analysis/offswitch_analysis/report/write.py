"""Logs -> a report: numbers for machines, a text for a paper, figures, and a page to look at."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from offswitch import __version__
from offswitch.errors import InputError
from offswitch.record import Record, code_digest
from offswitch.scene.protocol import SUMS_SCENE
from offswitch_analysis import text
from offswitch_analysis.logs import Logs
from offswitch_analysis.logs.arrow import Table, known
from offswitch_analysis.logs.meanwhile import meanwhile
from offswitch_analysis.logs.tables import is_one_of, kinds, parquet_of, records_at
from offswitch_analysis.rates import Cell, Summary, cell_key, wordings
from offswitch_analysis.rates.cells import tallied_cells
from offswitch_analysis.rates.contrasts import DEFAULT_FAMILIES, Family, tallied_contrasts
from offswitch_analysis.rates.curves import curves, on_ladders
from offswitch_analysis.rates.histories import tallied_histories
from offswitch_analysis.rates.judges import JUDGED_COLUMNS, judge_results, judged_rows
from offswitch_analysis.rates.plans import plans_and_acts
from offswitch_analysis.rates.question_sets import question_sets
from offswitch_analysis.rates.scenes import over_scenes
from offswitch_analysis.rates.single_trials import Trial
from offswitch_analysis.rates.summary import SCHEMA_VERSION, as_json, schema
from offswitch_analysis.rates.tallied_logs import tally_trials
from offswitch_analysis.rates.tallies import CELL
from offswitch_analysis.report import figures, self_reports
from offswitch_analysis.report.notes import notes, undeclared_names
from offswitch_analysis.report.page import render
from offswitch_analysis.report.paper import report_text
from offswitch_analysis.report.rows import cell_row, contrast_columns, contrast_rows
from offswitch_analysis.report.trials import choose, of_cells, read_trials
from offswitch_analysis.trial_plans.deviations import Kept

TITLE = "Does it let itself be switched off?"
PAGE, SUMMARY, FIGURES = "index.html", "summary.json", "figures"
FILES = (
    "cells.csv", "contrasts.csv", "self_reports.csv", "judges.csv", "trials.parquet", "report.md",
    "summary.schema.json", FIGURES, PAGE, SUMMARY,
)  # fmt: skip
MADE_WITH = f"offswitch {__version__}, {code_digest(('offswitch', 'offswitch_analysis'))[:12]}"
Progress = Callable[[str], None]
"""is called with what is being done"""


@dataclass(frozen=True)
class Options:
    """How a report is made."""

    title: str = TITLE
    families: Sequence[Family] = DEFAULT_FAMILIES
    factor_model: bool = False
    trial_plan: Kept | None = None
    """how the trials keep to their plan, whose families are those above"""


def write_report(logs: Logs, directory: Path, options: Options, progress: Progress) -> bool:
    """Writes the report; False where the one that is there was made of the very same. InputError: nowhere to write."""
    made_of = _made_of(logs, options)
    if _is_up_to_date(directory, made_of):
        return False
    _check_place(directory)
    progress(f"{logs.table.num_rows:,} trials: rates, contrasts and single trials")
    chosen, how = choose(logs.table)
    single_trials, trials_file = meanwhile(read_trials, chosen, logs), meanwhile(parquet_of, logs.table)
    summary = _without_contrasts(logs, options, made_of)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write_whole(directory / SUMMARY, "{}")  # the directory is a report's now, whatever becomes of this run
        draw_rest = figures.begin(summary, directory / FIGURES)
        summary = _with_contrasts(summary, logs, options)
        progress("figures and files")
        begun = _Begun(draw_rest, trials_file, lambda: (of_cells(single_trials(), summary.cells), how))
        for name, content in _files(summary, logs, begun):
            _write_whole(directory / name, content)
    except OSError as error:
        raise InputError(f"{directory}: cannot be written ({error.strerror}); choose another with -o") from error
    return True


def summarise(logs: Logs, options: Options, made_of: str) -> Summary:
    """The whole summary but the single trials."""
    return _with_contrasts(_without_contrasts(logs, options, made_of), logs, options)


def _without_contrasts(logs: Logs, options: Options, made_of: str) -> Summary:
    table = logs.table
    all_cells = tallied_cells(tally_trials(table))
    if options.trial_plan:
        all_cells = options.trial_plan.marked_cells(all_cells)
    scripted = {cell.scripted for cell in all_cells}
    models, remarks = _effects(logs.records) if options.factor_model else ({}, [])
    return Summary(
        schema_version=SCHEMA_VERSION, title=options.title, made=datetime.now(UTC).isoformat(timespec="seconds"),
        made_with=MADE_WITH, made_of_sha256=made_of,
        logs=len({*logs.places.values()}), skipped=logs.skipped,
        scripted="some" if len(scripted) > 1 else "all" if True in scripted else "none",
        notes=(
            *notes(records_at(table, known(table["ruling"])), all_cells),
            *undeclared_names(options.families, all_cells), *remarks,
        ),
        cells=tuple(all_cells), contrasts=(), over_scenes=tuple(over_scenes(all_cells)),
        looks=logs.looks, histories=tallied_histories(table, fewest=2),
        plans=tuple(plans_and_acts(all_cells, records_at(table, known(table["plan_mentions"])))),
        over_wordings=tuple(wordings.over_wordings(all_cells, _of(wordings.with_drawn_wordings(all_cells), table))),
        curves=tuple(curves(all_cells, _of(on_ladders(all_cells), table))), factor_models=models,
        judges=judge_results(_judged(logs), logs.judged),
        trial_plan=options.trial_plan.standing if options.trial_plan else None,
    )  # fmt: skip


def _with_contrasts(summary: Summary, logs: Logs, options: Options) -> Summary:
    compared = tallied_contrasts(summary.cells, question_sets(logs.table), options.families)
    if options.trial_plan:
        compared = options.trial_plan.marked_contrasts(summary.cells, compared)
    return replace(summary, contrasts=tuple(compared))


def _of(some: Sequence[Cell], table: Table) -> list[Record]:
    """The trials of some cells."""
    if not some:
        return []
    alike, keys = kinds(table, CELL), {cell_key(cell) for cell in some}
    wanted = np.array([cell_key(record) in keys for record in records_at(table.select(CELL), alike.first)])
    return records_at(table, wanted[alike.of])


def _judged(logs: Logs) -> list[Record]:
    """The trials that judges say something of."""
    uuids = {one.uuid for one in logs.judged if one.uuid is not None}
    return records_at(logs.table, is_one_of(logs.table["uuid"], uuids)) if uuids else []


def _effects(records: Sequence[Record]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Scene -> the model over factor levels, and why there is none in others; InputError: its library is missing."""
    from offswitch_analysis.rates.effects import effects  # pandas takes a second to load
    from offswitch_analysis.statistics.factor_model import load_library

    load_library()
    models: dict[str, dict[str, Any]] = {}
    remarks: list[str] = []
    scenes = sorted({record.scene for record in records}, key=lambda scene: (scene != SUMS_SCENE, scene))
    for scene in scenes:
        try:
            models[scene] = effects([record for record in records if record.scene == scene])
        except InputError as error:
            remarks.append(f"No {error}" + (f" (scene {scene})" if len(scenes) > 1 else ""))
    return models, remarks


def _made_of(logs: Logs, options: Options) -> str:
    parts = json.dumps([logs.digest, list(logs.skipped), repr(options), repr(logs.judged), MADE_WITH, SCHEMA_VERSION])
    return hashlib.sha256(parts.encode()).hexdigest()


def _is_up_to_date(directory: Path, made_of: str) -> bool:
    try:
        with (directory / SUMMARY).open(encoding="utf-8") as file:
            same = json.load(file)["made_of_sha256"] == made_of
        whole = all((directory / name).stat().st_size for name in FILES) and any((directory / FIGURES).iterdir())
        return same and whole
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _check_place(directory: Path) -> None:
    """InputError where files of somebody else would be overwritten."""
    taken = [name for name in FILES if (directory / name).exists()]
    if taken and SUMMARY not in taken:
        raise InputError(f"{directory}: has {taken[0]}, and no report of ours is there; choose another with -o")


@dataclass(frozen=True)
class _Begun:
    """What other processes may still be at."""

    draw_rest: Callable[[Summary], Sequence[Path]]
    """draws the figures that need contrasts, and gives the files of all"""
    trials_file: Callable[[], bytes]
    single_trials: Callable[[], tuple[Iterable[Trial], str]]
    """those that are shown, and how they were chosen"""


def _files(summary: Summary, logs: Logs, begun: _Begun) -> Iterator[tuple[str, str | bytes]]:
    """Name and content of each file, those first that need nothing from other processes."""
    yield "cells.csv", text.csv_text(map(cell_row, summary.cells))
    yield "contrasts.csv", text.csv_text(contrast_rows(summary), contrast_columns(summary.cells[0]))
    reports, columns = self_reports.self_report_rows(summary.cells), self_reports.self_report_columns(summary.cells[0])
    yield "self_reports.csv", text.csv_text(reports, columns)
    yield "judges.csv", text.csv_text(judged_rows(_judged(logs), logs.judged), JUDGED_COLUMNS)
    yield "summary.schema.json", json.dumps(schema(), indent=1)
    yield "trials.parquet", begun.trials_file()
    yield "report.md", report_text(summary, [path.name for path in begun.draw_rest(summary) if path.suffix == ".png"])
    shown, how = begun.single_trials()
    yield PAGE, render(replace(summary, trials=tuple(shown), trials_chosen=how))
    # The last, because it says that the others are there.
    yield SUMMARY, json.dumps(as_json(summary), indent=1)


def _write_whole(path: Path, content: str | bytes) -> None:
    """Whole or not at all."""
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)  # readable like any other file that a program writes
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
