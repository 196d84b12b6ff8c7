"""Single trials to look into: which ones a report shows, and their stories."""

import difflib
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from offswitch.acts import Method
from offswitch.evidence import History, read_history
from offswitch.evidence.schedule import schedule
from offswitch.evidence.timeline import timeline
from offswitch.judges import parts_of
from offswitch.record import INTERRUPTED, INVALIDATED, Record, subject_name, why_outside
from offswitch.scene import SUMS, printable
from offswitch.scene.site import original_text
from offswitch.verdict import Judgement, Verdict, judge
from offswitch_analysis.logs import Logs
from offswitch_analysis.logs.arrow import Table, from_numpy, pc
from offswitch_analysis.logs.columns import records_of
from offswitch_analysis.logs.samples import read_whole
from offswitch_analysis.logs.tables import kinds
from offswitch_analysis.rates import Cell, cell_key
from offswitch_analysis.rates.single_trials import Step, Trial
from offswitch_analysis.rates.tallies import CELL

KIND = ("methods", "verdict", *CELL)
SHOWN_MAX = 120
"""trials that a report shows"""
TEXT_MAX = 20_000
"""characters of one text in a transcript, of the script and of the diff"""
MOST_TELLING_FIRST = (
    Verdict.SABOTAGED, Verdict.EVADED, Verdict.UNDECIDED, Verdict.ATTEMPTED, Verdict.SELF_SHUTDOWN,
    Verdict.WITHDREW, Verdict.FAILURE, Verdict.COMPLIED, Verdict.UNFINISHED, Verdict.UNEXPOSED,
)  # fmt: skip
"""verdicts, those first that a reader will want to look into"""
PLACES = {verdict.value: place for place, verdict in enumerate(MOST_TELLING_FIRST)}


def choose(table: Table) -> tuple[list[Record], str]:
    """The trials of a table that a report shows, and how they were chosen; the same trials give the same choice."""
    if table.num_rows <= SHOWN_MAX:
        return records_of(table, ""), f"All {table.num_rows} trials are shown."
    firsts = sorted(_first_of_each_verdict(table), key=_rank)
    # Where there are too many of them, no subject takes the room of others, and no verdict does.
    shared = _in_turn(_in_turn(firsts, lambda record: (_kind(record), _subject(record))), _kind)
    chosen = sorted(shared[:SHOWN_MAX], key=_rank)
    return chosen, (
        f"{len(chosen)} of {table.num_rows:,} trials are shown: the first of each verdict in a cell"
        + (f", of these as many of each verdict and subject as {SHOWN_MAX} leave room for" * (len(firsts) > SHOWN_MAX))
        + "; most telling verdicts first. `offswitch explain` shows any other."
    )


def _first_of_each_verdict(table: Table) -> Iterable[Record]:
    """The first trial, by id, of each verdict in a cell, with known methods and with an unknown one."""
    order = pc.sort_indices(table["trial_id"])
    firsts: dict[tuple[object, ...], Record] = {}
    # A cell has few kinds of trials, whose first ones are all that records are needed of.
    of_kinds = kinds(table.select(KIND).take(order), KIND)
    for record in records_of(table.take(order.take(from_numpy(of_kinds.first))), ""):
        firsts.setdefault((_kind(record), *cell_key(record)), record)
    return firsts.values()


def _kind(record: Record) -> tuple[bool, int]:
    """Whether all methods are known, and the place of the verdict among those that readers will look into first."""
    return Method.UNKNOWN not in record.methods, PLACES[record.verdict]


def _rank(record: Record) -> tuple[object, ...]:
    return _kind(record), *cell_key(record)


def _subject(record: Record) -> str:
    return subject_name(record.model, record.agent, record.scene)


def _in_turn(records: Iterable[Record], group: Callable[[Record], Hashable]) -> list[Record]:
    """The first of each group, then the second of each, and so on; within these in the order in which they are."""
    before, turns = Counter[Hashable](), defaultdict[int, list[Record]](list)
    for record in records:
        turns[before[group(record)]].append(record)
        before[group(record)] += 1
    return [record for turn in sorted(turns) for record in turns[turn]]


def read_trials(chosen: Iterable[Record], logs: Logs) -> list[tuple[Record, Trial]]:
    """The chosen trials and their stories; one whose log can no longer be read is told as far as its record goes."""
    every = [*chosen]
    of_log: defaultdict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(every):
        of_log[logs.place(record)].append(place)
    told: dict[int, Trial] = {}
    for log, places in of_log.items():
        read = read_whole(log, [every[place].trial_id for place in places])
        for place, sample in zip(places, read, strict=True):
            told[place] = _trial(every[place], *(sample or (None, [])))
    return [(record, told[place]) for place, record in enumerate(every)]


def of_cells(told: Iterable[tuple[Record, Trial]], cells: Iterable[Cell]) -> Iterator[Trial]:
    """Trials with the ids of their cells."""
    ids = {cell_key(cell): cell.id for cell in cells}
    return (replace(trial, cell=ids[cell_key(record)]) for record, trial in told)


def _trial(record: Record, evidence: str | None, messages: Sequence[Any]) -> Trial:
    try:
        history = read_history(evidence) if evidence else None
    except ValueError:
        history, messages = None, ()
    judgement = judge(history) if history else None
    alike = judgement is not None and judgement.verdict == record.verdict
    steps = [Step(line.at_s, line.source.value, line.text) for line in timeline(history)] if history else ()
    before, after = _scripts(history) if history else (None, None)
    return Trial(
        cell="", trial_id=record.trial_id, log=record.log, verdict=record.verdict,
        rule=judgement.rule if judgement and alike else None, reasons=_reasons(judgement, record),
        methods=record.methods, ruling=record.ruling, why=why_outside(record), steps=tuple(steps),
        script_before=before, script_after=after,
        script_diff=tuple(_diff(history.site.script, before, after)) if history else (),
        transcript=tuple((who, _cut(text)) for who, text in parts_of(messages)),
        schedule=schedule(history) if history else None,
        key_file=printable(history.site.script) if history else SUMS.script,
        hangs_on=history.protocol.means.about if history else "",
    )  # fmt: skip


def _reasons(judgement: Judgement | None, record: Record) -> tuple[str, ...]:
    if judgement is None:
        return ("its evidence cannot be read, or it has none",)
    if judgement.verdict == record.verdict:
        return judgement.reasons
    if record.failure in (INTERRUPTED, INVALIDATED):
        return (f"it counts as failed, because it was {record.failure}; by its evidence it is {judgement.verdict}",)
    return (f"judged by other rules; by those of this version it is {judgement.verdict}",)


def _scripts(history: History) -> tuple[str | None, str | None]:
    """The script's text before the agent's first command, and the last that was seen of it."""
    path = history.site.script
    text, first = original_text(path), history.original.get(path)
    # Evidence has digests of what was never changed; the text is known where it is this version's.
    same = text is not None and first is not None and first.sha256 == hashlib.sha256(text.encode()).hexdigest()
    before = text if same else None
    after = before
    for look in history.evidence.looks.events:
        state = look.key_files.get(path)
        if state is None:
            after = None
        elif path in look.contents:
            after = _cut(look.contents[path])
        elif first is not None and state.sha256 == first.sha256:
            after = before
    return before, after


def _diff(name: str, before: str | None, after: str | None) -> Iterator[str]:
    if before is not None and before != after:
        now = after.splitlines() if after is not None else []
        now_name = name if after is not None else "(gone)"
        yield from difflib.unified_diff(before.splitlines(), now, name, now_name, lineterm="")


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}\n(cut, {len(text):,} characters in all)"
