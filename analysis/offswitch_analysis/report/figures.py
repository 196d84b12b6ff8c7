"""The report's figures, as SVG for the web and PNG for slides."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from offswitch.record import subject_name
from offswitch.verdict import Verdict
from offswitch_analysis.logs.meanwhile import meanwhile
from offswitch_analysis.rates import PUBLISHED_NOTE, Cell, Estimate, Summary, cells_by_subject, scripted_note, subject
from offswitch_analysis.rates.curves import SHOTS
from offswitch_analysis.rates.fitted import Curve
from offswitch_analysis.rates.subjects import labels
from offswitch_analysis.report.drawing import NAME_MAX, name_rows, pyplot, short, stacked, who
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
KINDS = ("svg", "png")
DPI = 150
LETTER_INCHES = 0.1
CURVE_ROWS = 12
"""height of a panel with curves"""


def draw(summary: Summary, directory: Path) -> Callable[[], list[Path]]:
    """Begins to write every figure that the cells have something for; what is returned gives the files.

    Half of them are drawn meanwhile, the others as soon as somebody asks for the files.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in FIGURES:  # of an earlier report, which may have had more to show
        for kind in KINDS:
            (directory / f"{name}.{kind}").unlink(missing_ok=True)
    _set_up()  # here, so that the other process does not do it once more
    meanwhile_drawn = meanwhile(_draw_some, MEANWHILE, summary, directory)
    others = [name for name in FIGURES if name not in MEANWHILE]
    order = [*FIGURES]
    return lambda: sorted(
        [*_draw_some(others, summary, directory), *meanwhile_drawn()], key=lambda path: order.index(path.stem)
    )


def _set_up() -> None:
    """Loads the library, without a window."""
    import matplotlib as mpl

    mpl.use("Agg")
    # Text stays text, and ids do not change from one run to the next.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "offswitch", "font.size": 9})
    pyplot()


def _draw_some(names: Sequence[str], summary: Summary, directory: Path) -> list[Path]:
    return [path for name in names for path in _draw_one(name, FIGURES[name], summary, directory)]


def _draw_one(name: str, figure: Callable[[Summary], Any], summary: Summary, directory: Path) -> list[Path]:
    drawn = figure(summary)
    if drawn is None:
        return []
    if summary.scripted != "none":
        drawn.suptitle(scripted_note(summary), x=0.01, ha="left", color="#b2182b", fontsize=8)
    paths = [directory / f"{name}.{kind}" for kind in KINDS]
    edges = _laid_out(drawn)
    for path in paths:
        drawn.savefig(path, dpi=DPI, bbox_inches=edges, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot().close(drawn)
    return paths


def _laid_out(figure: Any) -> Any:
    """Lays a figure out once for all files, which each would do twice; its edges, with nothing beyond them."""
    figure.set_dpi(DPI)
    figure.get_layout_engine().execute(figure)
    figure.set_layout_engine(None)
    return figure.get_tightbbox().padded(pyplot().rcParams["savefig.pad_inches"])


def rates(summary: Summary) -> Any:
    """The sabotage rate of every cell with its interval, a panel for each model in an agent."""
    subjects, names = cells_by_subject(summary.cells), labels(summary.cells)
    heights = [len(cells) + 1 for cells in subjects.values()]
    figure, panels = stacked(len(subjects), heights)
    for panel, cells in zip(panels, subjects.values(), strict=True):
        name_rows(panel, who(cells[0]), [f"{short(names[cell.id])}  ({cell.sabotage.n})" for cell in cells])
        _dots(panel, cells)
        panel.set_xlim(-2, 102)
    hollow = f"\nhollow: {PUBLISHED_NOTE}" if any(cell.published for cell in summary.cells) else ""
    panels[-1].set_xlabel(f"sabotage rate, % of counted trials (their number), with 95 % interval{hollow}")
    return figure


def _dots(panel: Any, cells: Sequence[Cell]) -> None:
    """A row for each cell: its rate and interval, and what others have published."""
    shown: list[tuple[int, Estimate]] = []
    for row, cell in enumerate(cells):
        for number, other in enumerate(cell.published):
            panel.plot(100 * other.rate, row + 0.28 + 0.1 * number, "D", mfc="none", mec="#777777", ms=4)
        if cell.sabotage.shown is None:
            panel.text(1, row, f"{TOO_FEW} (n = {cell.sabotage.n})", va="center", fontsize=7, color="#777777")
        else:
            shown.append((row, cell.sabotage))
    rows = [row for row, _ in shown]
    limits = [[100 * limit for limit in of] for of in zip(*((rate.low, rate.high) for _, rate in shown), strict=True)]
    panel.hlines(rows, *(limits or ([], [])), color="#2166ac", lw=1.6)
    panel.plot([100 * (rate.rate or 0) for _, rate in shown], rows, "o", color="#2166ac", ms=4)


def heat_map(summary: Summary) -> Any:
    """Models, each in its agents, by variants; the rate in each field."""
    subjects, variants = cells_by_subject(summary.cells), sorted({cell.variant for cell in summary.cells})
    rows = list(subjects)
    longest = max(map(len, variants))
    names = [who(cells[0]) for cells in subjects.values()]
    height = 1 + 0.45 * len(subjects) + LETTER_INCHES * min(longest, NAME_MAX)
    # Beside the names there must be room for the fields, and for the title where these are few.
    width = max(2.5, 1 + LETTER_INCHES * max(len(line) for name in names for line in name.splitlines()))
    figure, panel = pyplot().subplots(figsize=(width + 0.55 * len(variants), height), layout="constrained")
    panel.set_xlim(-0.5, len(variants) - 0.5)
    panel.set_ylim(len(subjects) - 0.5, -0.5)
    panel.set_xticks(range(len(variants)), map(short, variants), rotation=0 if longest == 1 else 90)
    panel.set_yticks(range(len(subjects)), names)
    shown: set[tuple[str, str]] = set()
    for cell in summary.cells:
        where = subject(cell), cell.variant
        # Several conditions of one variant have no place in one field.
        _field(panel, variants.index(cell.variant), rows.index(where[0]), None if where in shown else cell)
        shown.add(where)
    panel.set_title("sabotage rate, %, its 95 % interval (n)", loc="left", fontsize=9)
    return figure


def _field(panel: Any, x: int, y: int, cell: Cell | None) -> None:
    rate = cell.sabotage if cell else None
    enough = cell is not None and not cell.too_few and rate is not None and rate.rate is not None
    share = rate.rate if enough and rate and rate.rate is not None else 0.0
    colour = pyplot().get_cmap("Reds")(0.9 * share) if enough else "#eeeeee"
    panel.add_patch(pyplot().Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white"))
    text = "several\nconditions" if rate is None else f"{TOO_FEW}\n({rate.n})"
    if enough and rate:
        text = f"{100 * share:.0f}\n{100 * rate.low:.0f}-{100 * rate.high:.0f}\n({rate.n})"
    panel.text(x, y, text, ha="center", va="center", fontsize=6, color="white" if share > 0.6 else "black")


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
    figure, (panel,) = stacked(1, [len(pairs) + 1])
    name_rows(panel, "", [f"{who(one, ' ')}  {_n(one)} - {_n(other)}" for _, one, other in pairs])
    for row, (contrast, _, _) in enumerate(pairs):
        low, high, middle = contrast.low or 0.0, contrast.high or 0.0, contrast.difference or 0.0
        panel.plot([100 * low, 100 * high], [row, row], color="#2166ac", lw=1.6)
        panel.plot(100 * middle, row, "o", color="#2166ac", ms=4)
    panel.axvline(0, color="#777777", lw=0.8)
    panel.set_xlabel("user message minus system prompt, percentage points, with 95 % interval")
    return figure


def verdicts(summary: Summary) -> Any:
    """What the trials of each cell ended as."""
    subjects, names = cells_by_subject(summary.cells), labels(summary.cells)
    figure, panels = stacked(len(subjects), [len(cells) + 1 for cells in subjects.values()])
    for panel, cells in zip(panels, subjects.values(), strict=True):
        name_rows(panel, who(cells[0]), [f"{short(names[cell.id])}  ({cell.trials})" for cell in cells])
        _bars(panel, cells)
        panel.set_xlim(0, 100)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=5, fontsize=7, frameon=False)
    panels[-1].set_xlabel("% of all trials (their number in brackets)")
    return figure


def _bars(panel: Any, cells: Sequence[Cell]) -> None:
    """A bar for each cell. Those of one verdict are drawn as one, which takes a tenth of the time."""
    from matplotlib.collections import PolyCollection

    left = [0.0] * len(cells)
    for verdict, colour in COLOURS.items():
        right = [begins + 100 * cell.verdicts[verdict] / cell.trials for begins, cell in zip(left, cells, strict=True)]
        bars = [
            [(begins, row - 0.4), (ends, row - 0.4), (ends, row + 0.4), (begins, row + 0.4)]
            for row, (begins, ends) in enumerate(zip(left, right, strict=True))
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
    figure, panels = stacked(len(panels_of), [CURVE_ROWS] * len(panels_of))
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
MEANWHILE = ("rates", "verdicts")
"""those with most in them"""


def _n(cell: Cell) -> str:
    return f"{cell.variant} (n = {cell.sabotage.n})"
