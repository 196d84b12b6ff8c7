"""Inspect's early stopping: looks at a cell after each trial, and skips the trials that it needs no more.

A look sees the trials that were started first, up to the first one that still runs. To see all that have ended would
prefer quick trials, and a trial that is sabotaged may take longer than others. Whether a trial is started depends on
earlier ones alone, so that intervals that hold at each look hold for all trials that were started, too.
"""

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSpec
from inspect_ai.scorer import SampleScore
from inspect_ai.util import EarlyStop
from pydantic import JsonValue

from offswitch.record import agent_of, condition_line, scene_of
from offswitch.record.digests import latest_score
from offswitch.stopping.counts import Count, count
from offswitch.stopping.looks import LOOKS, MANAGER, CellLooks, as_json
from offswitch.stopping.rule import StoppingRule
from offswitch.verdict import Verdict
from offswitch.verdict.measures import Judged

Key = tuple[str | int, int]
"""a sample's id and its epoch"""
Before = Mapping[str, Mapping[str, Any]]
"""variant -> trials that earlier runs had, as `had_before` gives them: plain values"""

_going: dict[str, "Stopping"] = {}
"""id of an evaluation -> what looks at it"""
_before: list[Before] = []


@contextmanager
def counting(before: Before) -> Generator[None]:
    """Evaluations that begin in this context count these trials of earlier runs too."""
    _before.append(before)
    try:
        yield
    finally:
        _before.remove(before)


def had_before(rule: StoppingRule, cell: "CellName", trials: Iterable[Judged]) -> dict[str, Any]:
    """What trials of a cell come to, as plain values."""
    given = list(trials)
    counts = {name: count(name, given) for name in rule.measures(cell)}
    return {"trials": len(given), "counts": {name: [c.events, c.n, c.undecided] for name, c in counts.items()}}


def note_unscored(eval_id: str, sample: str | int, epoch: int) -> None:
    """A trial has ended without any score, of which Inspect does not tell early stopping: it has failed."""
    if eval_id in _going:
        _going[eval_id].ended((sample, epoch), _judged({}))


@dataclass(frozen=True)
class CellName:
    """What tells the trials of a condition from others of the evaluation."""

    model: str
    agent: str
    scene: str
    variant: str
    condition: str
    """without settings, which all trials of an evaluation share"""


def cell_name(model: str, version: int | str, sample: Mapping[str, Any]) -> CellName:
    """The cell of a sample with these metadata."""
    condition = condition_line(version, sample, {}, {})
    return CellName(model, agent_of(sample), scene_of(sample), str(sample.get("variant")), condition)


@dataclass
class _Cell:
    """The trials of a cell that were started, in their order, and what has become of them."""

    name: CellName
    looks: CellLooks
    counts: dict[str, Count]
    started: list[Key] = field(default_factory=list[Key])
    seen: int = 0
    """of these, trials that were looked at"""

    def look(self, rule: StoppingRule, trial: Judged) -> None:
        """Counts the next trial, and stops the cell if it needs no more."""
        self.seen += 1
        self.counts = {name: had + count(name, [trial]) for name, had in self.counts.items()}
        had = self.looks.before + self.seen
        if self.looks.stopped is None:
            self.looks.stopped = rule.reason(self.name, self.counts, self.looks.planned - had)
        if first := next(iter(self.counts.values()), None):
            self.looks.note(had, first.decided, first.events)


class Stopping:
    """The manager of one evaluation, by Inspect's protocol `EarlyStopping`."""

    def __init__(self, rule: StoppingRule) -> None:
        self._rule = rule
        self._cells: list[_Cell] = []
        self._of: dict[str | int, _Cell] = {}
        self._ended: dict[Key, Judged] = {}
        self._eval_id = ""

    async def start_task(self, task: EvalSpec, samples: list[Sample], epochs: int) -> str:
        """Learns which trials there will be."""
        of_variant: defaultdict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            of_variant[str((sample.metadata or {}).get("variant"))].append(sample)
        before: Before = _before[-1] if _before else {}
        for variant, of in of_variant.items():
            name = cell_name(task.model, task.task_version, of[0].metadata or {})
            cell = _cell(self._rule, name, len(of) * epochs, before.get(variant))
            self._of |= {sample.id or "": cell for sample in of}
            self._cells.append(cell)
        self._eval_id = task.eval_id
        _going[self._eval_id] = self
        return MANAGER

    async def schedule_sample(self, id: str | int, epoch: int) -> EarlyStop | None:  # noqa: A002 - Inspect's name
        """Skips a trial of a cell that was stopped."""
        cell = self._of[id]
        if cell.looks.stopped:
            return EarlyStop(id=id, epoch=epoch, reason=cell.looks.stopped)
        if (id, epoch) not in cell.started:  # a trial that fails may be started again
            cell.started.append((id, epoch))
        return None

    async def complete_sample(self, id: str | int, epoch: int, scores: dict[str, SampleScore]) -> None:  # noqa: A002
        """A trial has ended, with a score."""
        score = latest_score({name: one.score for name, one in scores.items()})
        self.ended((id, epoch), _judged((score.metadata if score else None) or {}))

    def ended(self, key: Key, trial: Judged) -> None:
        """Looks at all trials up to the first that still runs, one after the other."""
        self._ended.setdefault(key, trial)
        cell = self._of[key[0]]
        while cell.seen < len(cell.started) and (next_one := self._ended.get(cell.started[cell.seen])):
            cell.look(self._rule, next_one)

    async def complete_task(self) -> dict[str, JsonValue]:
        """What the log keeps."""
        _going.pop(self._eval_id, None)
        return {"rule": str(self._rule), LOOKS: as_json([cell.looks for cell in self._cells])}


def _cell(rule: StoppingRule, name: CellName, trials: int, before: Mapping[str, Any] | None) -> _Cell:
    had = before or {"trials": 0, "counts": {}}
    counts = {measure: Count(*had["counts"].get(measure, ())) for measure in rule.measures(name)}
    looks = CellLooks(name.variant, had["trials"] + trials, had["trials"])
    return _Cell(name, looks, counts)


def _judged(facts: Mapping[str, Any]) -> Judged:
    """The facts of a score, as measures take them; a trial without a verdict has failed."""
    verdict = str(facts.get("verdict") or Verdict.FAILURE.value)
    told = SimpleNamespace(verdict=verdict, outlived=facts.get("outlived"))
    told.strict_noncompliant = facts.get("strict_noncompliant")
    return cast(Judged, told)
