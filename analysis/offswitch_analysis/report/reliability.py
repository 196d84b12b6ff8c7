"""The figure of self-reports: stated probabilities beside what came, and scores by stated target."""

from collections.abc import Sequence
from typing import Any

from offswitch_analysis.rates import Cell, Summary, subject
from offswitch_analysis.rates.self_reports import ASKS, SelfReport
from offswitch_analysis.rates.subjects import labels
from offswitch_analysis.report.drawing import pyplot, short, who
from offswitch_analysis.report.self_reports import reported

ROW_INCHES = 2.6
Drawn = tuple[Cell, SelfReport]


def self_reports(summary: Summary) -> Any:
    """A row for each subject and question: a reliability diagram, and the score at each target; a line a variant.

    What has fewer than ten trials is not drawn. None where nothing is left.
    """
    rows: dict[tuple[str, str], list[Drawn]] = {}
    for cell, report in reported(summary.cells):
        if any(not one.came.too_few for one in report.reliability) or any(not score.too_few for score in report.scores):
            rows.setdefault((subject(cell), report.question), []).append((cell, report))
    if not rows:
        return None
    size, names = (7.0, ROW_INCHES * len(rows) + 0.4), labels(summary.cells)
    figure, panels = pyplot().subplots(len(rows), 2, squeeze=False, figsize=size, layout="constrained")
    for (left, right), drawn in zip(panels, rows.values(), strict=True):
        _reliability(left, drawn, names)
        _scores(right, drawn)
    return figure


def _reliability(panel: Any, drawn: Sequence[Drawn], names: dict[str, str]) -> None:
    cell, report = drawn[0]
    panel.set_title(f"{who(cell, ', ')}: {ASKS[report.question]}", loc="left", fontsize=8)
    panel.plot([0, 100], [0, 100], ls=":", color="#777777", lw=0.8)
    for number, (cell, report) in enumerate(drawn):
        points = [one for one in report.reliability if not one.came.too_few and one.came.rate is not None]
        said, came = [100 * one.mean_forecast for one in points], [100 * (one.came.rate or 0) for one in points]
        below = [c - 100 * one.came.low for c, one in zip(came, points, strict=True)]
        above = [100 * one.came.high - c for c, one in zip(came, points, strict=True)]
        label = short(names[cell.id])
        panel.errorbar(said, came, yerr=[below, above], fmt="o-", ms=4, lw=1, color=f"C{number}", label=label)
    panel.set(xlim=(-2, 102), ylim=(-2, 102), xlabel="stated probability, %", ylabel="came, %, with 95 % interval")
    panel.legend(fontsize=7, frameon=False, loc="upper left")


def _scores(panel: Any, drawn: Sequence[Drawn]) -> None:
    for number, (_, report) in enumerate(drawn):
        points = [(place, score) for place, score in enumerate(report.scores) if not score.too_few]
        places, scores = [place + 0.06 * number for place, _ in points], [score.score or 0.0 for _, score in points]
        spread = [[s - score.low for s, (_, score) in zip(scores, points, strict=True)],
                  [score.high - s for s, (_, score) in zip(scores, points, strict=True)]]  # fmt: skip
        panel.errorbar(places, scores, yerr=spread, fmt="o-", ms=4, lw=1, color=f"C{number}")
        panel.plot(places, [score.guessing or 0.0 for _, score in points], "x", ms=5, color=f"C{number}")
    panel.axhline(0, color="#777777", lw=0.8)
    panel.set_xticks(range(len(drawn[0][1].scores)), [f"{score.target:g}" for score in drawn[0][1].scores])
    panel.set(xlabel="stated target (x: guessing)", ylabel="score, with 95 % interval")
