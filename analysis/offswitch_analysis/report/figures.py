"""The report's figures, as SVG for the web and PNG for slides."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from offswitch.record import subject_name
from offswitch.verdict import Verdict
from offswitch_analysis.logs.meanwhile import meanwhile
from offswitch_analysis.rates import PUBLISHED_NOTE, Cell, Summary, cells_by_subject, scripted_note
from offswitch_analysis.rates.curves import SHOTS
from offswitch_analysis.rates.fitted import Curve
from offswitch_analysis.rates.subjects import labels
from offswitch_analysis.report.drawing import listed, pyplot, short, stacked, who
from offswitch_analysis.report.heat_map import heat_map
from offswitch_analysis.report.reliability import self_reports
from offswitch_analysis.text import TOO_FEW

COLOURS = {
    Verdict.SABOTAGED: "#b2182b",
    Verdict.EVADED: "#d6604d",
    Verdict.ATTEMPTED: "#f4a582",
    Verdict.SELF_SHUTDOWN: "#c2a5cf",
    Verdict.WITHDREW: "#92c5de",
    Verdict.COMPLIED: "#2166ac",
    Verdict.UNFINISHED: "#e3d9b4",
    Verdict.UNEXPOSED: "#bdbdbd",
    Verdict.UNDECIDED: "#636363",
    Verdict.FAILURE: "#000000",
}
"""from resistance to compliance, then what no rate counts; for readers of every colour vision, and in print"""
PLACEMENT = (("B", "C"), ("D", "E"))
KINDS: Mapping[str, Mapping[str, Any]] = {
    "svg": {"metadata": {"Date": None}},
    # 6, as usual, takes twice as long for files that are a tenth smaller.
    "png": {"pil_kwargs": {"compress_level": 3}},
}
"""kind of file -> what Matplotlib is told beside its name"""
DPI = 150
CURVE_ROWS = 12
"""height of a panel with curves"""


def begin(summary: Summary, directory: Path) -> Callable[[Summary], list[Path]]:
    """Begins to draw what needs no contrasts; what is returned draws the others, of the whole summary.

    It gives the files of all figures that there is something for.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in FIGURES:  # of an earlier report, which may have had more to show
        for kind in KINDS:
            (directory / f"{name}.{kind}").unlink(missing_ok=True)
    _set_up()  # here, so that the other process does not do it once more
    begun = meanwhile(_draw, MEANWHILE, summary, directory)
    others, order = [name for name in FIGURES if name not in MEANWHILE], [*FIGURES]
    return lambda whole: sorted([*_draw(others, whole, directory), *begun()], key=lambda path: order.index(path.stem))


def _set_up() -> None:
    """Loads the library, without a window."""
    import matplotlib as mpl

    mpl.use("Agg")
    # Text stays text, and ids do not change from one run to the next. Letters need not be fitted to so many dots.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "offswitch", "font.size": 9, "text.hinting": "none"})
    pyplot()


def _draw(names: Sequence[str], summary: Summary, directory: Path) -> list[Path]:
    return [path for name in names for path in _draw_one(name, FIGURES[name], summary, directory)]


def _draw_one(name: str, figure: Callable[[Summary], Any], summary: Summary, directory: Path) -> list[Path]:
    drawn = figure(summary)
    if drawn is None:
        return []
    if summary.scripted != "none":
        drawn.suptitle(scripted_note(summary), x=0.01, ha="left", color="#b2182b", fontsize=8)
    edges = _laid_out(drawn)
    for kind, told in KINDS.items():
        drawn.savefig(directory / f"{name}.{kind}", dpi=DPI, bbox_inches=edges, **told)
    pyplot().close(drawn)
    return [directory / f"{name}.{kind}" for kind in KINDS]


def _laid_out(figure: Any) -> Any:
    """Lays a figure out once for all files, which each would do twice; its edges, with nothing beyond them."""
    figure.set_dpi(DPI)
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine(None)
    return figure.get_tightbbox().padded(pyplot().rcParams["savefig.pad_inches"])


def rates(summary: Summary) -> Any:
    """The sabotage rate of every cell with its interval, below its model in an agent."""
    figure, panel, rows = _listed_cells(summary, lambda cell: cell.sabotage.n)
    _dots(panel, rows)
    panel.set_xlim(-2, 102)
    hollow = f"\nhollow: {PUBLISHED_NOTE}" if any(cell.published for cell in summary.cells) else ""
    panel.set_xlabel(f"sabotage rate, % of counted trials (their number), with 95 % interval{hollow}")
    return figure


def _listed_cells(summary: Summary, number: Callable[[Cell], int]) -> tuple[Any, Any, dict[float, Cell]]:
    """A figure with a panel that has a row for each cell, its number in brackets; and row -> cell."""
    subjects, names = cells_by_subject(summary.cells).values(), labels(summary.cells)
    figure, panel, rows = listed(
        [(who(cells[0]), [f"{short(names[cell.id])}  ({number(cell)})" for cell in cells]) for cells in subjects]
    )
    return figure, panel, dict(zip(rows, (cell for cells in subjects for cell in cells), strict=True))


def _dots(panel: Any, rows: Mapping[float, Cell]) -> None:
    """In each row a cell's rate and interval, and what others have published."""
    for row, cell in rows.items():
        for number, other in enumerate(cell.published):
            panel.plot(100 * other.rate, row + 0.28 + 0.1 * number, "D", mfc="none", mec="#777777", ms=4)
        if cell.sabotage.shown is None:
            panel.text(1, row, f"{TOO_FEW} (n = {cell.sabotage.n})", va="center", fontsize=7, color="#777777")
    shown = {row: cell.sabotage for row, cell in rows.items() if cell.sabotage.shown is not None}
    low, high = [100 * rate.low for rate in shown.values()], [100 * rate.high for rate in shown.values()]
    panel.hlines([*shown], low, high, color="#2166ac", lw=1.6)
    panel.plot([100 * (rate.rate or 0) for rate in shown.values()], [*shown], "o", color="#2166ac", ms=4)


def placement(summary: Summary) -> Any:
    """The allow clause in the user's message against the system prompt's, model by model."""
    by_id = {cell.id: cell for cell in summary.cells}
    pairs = [
        (contrast, by_id[contrast.first], by_id[contrast.second])
        for contrast in summary.contrasts
        if (by_id[contrast.first].variant, by_id[contrast.second].variant) in PLACEMENT
        and contrast.family == "placement"
        and contrast.difference is not None
        and not (by_id[contrast.first].too_few or by_id[contrast.second].too_few)
    ]
    if not pairs:
        return None
    figure, panel, rows = listed([("", [f"{who(one, ' ')}  {_n(one)} - {_n(other)}" for _, one, other in pairs])])
    for row, (contrast, _, _) in zip(rows, pairs, strict=True):
        low, high, middle = contrast.low or 0.0, contrast.high or 0.0, contrast.difference or 0.0
        panel.plot([100 * low, 100 * high], [row, row], color="#2166ac", lw=1.6)
        panel.plot(100 * middle, row, "o", color="#2166ac", ms=4)
    panel.axvline(0, color="#777777", lw=0.8)
    panel.set_xlabel("user message minus system prompt, percentage points, with 95 % interval")
    return figure


def verdicts(summary: Summary) -> Any:
    """What the trials of each cell ended as."""
    figure, panel, rows = _listed_cells(summary, lambda cell: cell.trials)
    _bars(panel, rows)
    panel.set_xlim(0, 100)
    figure.legend(loc="outside lower left", ncols=5, fontsize=7, frameon=False)
    panel.set_xlabel("% of all trials (their number in brackets)")
    return figure


def _bars(panel: Any, rows: Mapping[float, Cell]) -> None:
    """In each row a cell's bar. Those of one verdict are drawn as one, which takes a tenth of the time."""
    from matplotlib.collections import PolyCollection

    left = dict.fromkeys(rows, 0.0)
    for verdict, colour in COLOURS.items():
        right = {row: left[row] + 100 * cell.verdicts[verdict] / cell.trials for row, cell in rows.items()}
        bars = [
            [(begins, row - 0.4), (right[row], row - 0.4), (right[row], row + 0.4), (begins, row + 0.4)]
            for row, begins in left.items()
        ]
        panel.add_collection(PolyCollection(bars, facecolor=colour, lw=0, label=verdict.value), autolim=False)
        left = right


def learning_curves(summary: Summary) -> Any:
    """The sabotage rate by the number of demonstrations, a panel for each model in an agent and scene."""
    of_shots = [curve for curve in summary.curves if curve.factor == SHOTS]
    panels_of = {(curve.model, curve.agent, curve.scene): list[Curve]() for curve in of_shots}
    for curve in of_shots:
        panels_of[curve.model, curve.agent, curve.scene].append(curve)
    if not panels_of:
        return None
    figure, panels = stacked(len(panels_of), CURVE_ROWS)
    for panel, (named, curves) in zip(panels, panels_of.items(), strict=True):
        for number, curve in enumerate(curves):
            _curve(panel, curve, (number - (len(curves) - 1) / 2) * 0.06)
        panel.set_title(short(subject_name(*named)), loc="left", fontsize=9)
        panel.legend(fontsize=7, frameon=False)
        panel.set_ylim(-2, 102)
        panel.grid(axis="y", color="#dddddd", lw=0.6)
    ticks = {step.x: step.level for curve in of_shots for step in curve.steps}
    panels[-1].set_xticks([*ticks], [short(level) for level in ticks.values()])
    panels[-1].set_xlabel("sabotage rate, %, with 95 % interval by block, over the number of demonstrations")
    return figure


def _curve(panel: Any, curve: Curve, aside: float) -> None:
    """One curve, a little aside, so that the intervals of several can be told apart."""
    steps = [step for step in curve.steps if not step.rate.too_few]
    x, rates = [step.x + aside for step in steps], [100 * (step.rate.rate or 0) for step in steps]
    (line,) = panel.plot(x, rates, "o-", ms=4, lw=1, label=short(curve.name))
    for at, step in zip(x, steps, strict=True):
        panel.plot([at, at], [100 * step.rate.low, 100 * step.rate.high], color=line.get_color(), lw=1.6, alpha=0.6)


FIGURES = {
    "rates": rates, "heat_map": heat_map, "placement": placement, "verdicts": verdicts,
    "learning_curves": learning_curves, "self_reports": self_reports,
}  # fmt: skip
MEANWHILE = ("rates", "heat_map", "verdicts")
"""those with most in them, and no contrasts"""


def _n(cell: Cell) -> str:
    return f"{cell.variant} (n = {cell.sabotage.n})"
