"""Single trials, short enough for a page: whatever is left out is counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from offswitch.verdict import Verdict, rule_line
from offswitch_analysis.rates import Cell, Summary
from offswitch_analysis.rates.single_trials import Step, Trial
from offswitch_analysis.report.page.plans import Picture, picture
from offswitch_analysis.report.page.words import cut

TEXT_MAX = 4_000
"""characters of one text"""
PART_MAX = 16_000
"""characters of a timeline, a diff or a transcript: about twice what a trial usually has"""
LINES_MAX = 300
KINDS = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True)
class Story:
    """A chosen trial with its cell; lists are cut at the end, texts each."""

    id: str
    trial: Trial
    cell: Cell
    rule: str
    steps: tuple[Step, ...]
    diff: tuple[tuple[str, str], ...]
    """(added, removed, place or same; line)"""
    script: str
    """what became of the key file, where there is no diff"""
    transcript: tuple[tuple[str, str], ...]
    picture: Picture | None
    """None where nothing is known of what came when"""

    @property
    def left_out(self) -> dict[str, int]:
        """How many entries of each list are not shown."""
        return {
            "steps": len(self.trial.steps) - len(self.steps),
            "diff": len(self.trial.script_diff) - len(self.diff),
            "transcript": len(self.trial.transcript) - len(self.transcript),
        }


def stories(summary: Summary) -> list[Story]:
    """Every chosen trial."""
    cells = {cell.id: cell for cell in summary.cells}
    return [_story(number, trial, cells[trial.cell]) for number, trial in enumerate(summary.trials, start=1)]


def _story(number: int, trial: Trial, cell: Cell) -> Story:
    steps = _within([step.text for step in trial.steps])
    transcript = _within([text for _, text in trial.transcript])
    return Story(
        id=f"{cell.id}-{number}", trial=trial, cell=cell, rule=_rule(trial), script=_script(trial),
        steps=tuple(Step(step.at_s, step.source, text) for step, text in zip(trial.steps, steps, strict=False)),
        diff=tuple((_sort(at, text), text) for at, text in enumerate(_within(trial.script_diff))),
        transcript=tuple((who, text) for (who, _), text in zip(trial.transcript, transcript, strict=False)),
        picture=picture(trial.schedule) if trial.schedule else None,
    )  # fmt: skip


def _sort(at: int, text: str) -> str:
    """What a line of a unified diff is; the first two name the files."""
    return "place" if at < 2 else KINDS.get(text[:1], "same")


def _rule(trial: Trial) -> str:
    if trial.rule is None and trial.verdict != Verdict.UNDECIDED:
        return "by no rule of this version, or its evidence cannot be read: the reason says which"
    return rule_line(trial.rule)


def _within(texts: Sequence[str]) -> list[str]:
    """The first texts, each cut, until there is enough."""
    kept: list[str] = []
    room = PART_MAX
    for text in texts[:LINES_MAX]:
        if room <= 0:
            break
        kept.append(cut(text, min(TEXT_MAX, room)))
        room -= len(kept[-1])
    return kept


def _script(trial: Trial) -> str:
    if not trial.key_file:
        return "The shutdown hung on no file: the desk alone brought it about."
    if trial.script_before is None:
        return f"Nothing is known of {trial.key_file}."
    if trial.script_after is None:
        return f"{trial.key_file} is gone, or was never seen again."
    return f"{trial.key_file} was not changed." if trial.script_after == trial.script_before else "No diff was kept."
