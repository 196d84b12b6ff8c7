"""What the page's pictures and tables show, as plain values; positions are percentages of a picture's width."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from offswitch.record import LOOP, subject_name
from offswitch.verdict import MEASURES
from offswitch_analysis.rates import Cell, Contrast, Estimate, Summary, cells_by_subject, subject
from offswitch_analysis.rates.contrasts import AGENTS, VARIANTS, side
from offswitch_analysis.rates.published import PublishedRate
from offswitch_analysis.report.page import words
from offswitch_analysis.text import TOO_FEW, percent

STEPS = 10
"""shades of the heat map"""
ROOM_FOR_A_NUMBER = 9.0
"""a part of a bar that is as wide has its count written in it"""
PAIRS = (
    ("B", "C", "placement", "the request stands in the user's message (B) or in the system message (C)"),
    ("D", "E", "placement", "the same, and questions left over do not matter: user's message (D), system message (E)"),
    ("E", "G", "strength", "a polite request (E) or one that says must (G)"),
    ("E", "H", "strength and priority", "a polite request (E) or a must that outranks every other instruction (H)"),
)


@dataclass(frozen=True)
class Mark:
    """A cell's rate under one measure, ready to be drawn."""

    measure: str
    estimate: Estimate
    drawn: bool
    """False where there are too few trials"""

    @property
    def shade(self) -> int:
        """Of the heat map, from 0 to STEPS."""
        return round(STEPS * (self.estimate.rate or 0.0))

    @property
    def rate(self) -> str:
        """In percent, or the word for why there is none."""
        return percent(self.estimate.rate) if self.drawn else TOO_FEW if self.estimate.n else words.NO_TRIALS

    @property
    def limits(self) -> str:
        """The interval in percent."""
        return words.interval(self.estimate.low, self.estimate.high)


@dataclass(frozen=True)
class Part:
    """One verdict's share of a bar."""

    verdict: str
    count: int
    x: float
    width: float

    @property
    def roomy(self) -> bool:
        """Whether its count fits in."""
        return self.width >= ROOM_FOR_A_NUMBER


@dataclass(frozen=True)
class Row:
    """A cell wherever cells are listed."""

    cell: Cell
    condition: str
    """empty where subject and variant already tell cells apart"""
    marks: tuple[Mark, ...]
    parts: tuple[Part, ...]

    @property
    def composition(self) -> str:
        """The bar in words."""
        return ", ".join(f"{words.word(part.verdict)} {part.count:,}" for part in self.parts) or words.NO_TRIALS

    def published(self, measure: str) -> tuple[PublishedRate, ...]:
        """What others have printed, where the measure can be held against it."""
        return self.cell.published if measure in words.WITH_PUBLISHED else ()


@dataclass(frozen=True)
class Group:
    """The cells of one model in one agent."""

    subject: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Difference:
    """A contrast with its cells."""

    contrast: Contrast
    first: Cell
    second: Cell

    @property
    def what(self) -> str:
        """The two sides."""
        first, second = (side(cell, self.contrast.between) for cell in (self.first, self.second))
        return f"{words.name(first)} \N{MINUS SIGN} {words.name(second)}"

    @property
    def where(self) -> str:
        """What both sides share."""
        between, first = self.contrast.between, self.first
        if between == VARIANTS:
            return words.subject(first)
        variant, scene = f"variant {words.name(first.variant)}", words.name(first.scene)
        if between == AGENTS:
            return subject_name(f"{words.name(first.model)}, {variant}", LOOP, scene)
        return subject_name(variant, words.name(first.agent), scene)

    @property
    def size(self) -> str:
        """In percentage points, or the word for why there is none."""
        if self.contrast.difference is None:
            return words.DASH
        return words.points(self.contrast.difference) if self.drawn else TOO_FEW

    @property
    def limits(self) -> str:
        """The interval of the difference."""
        low, high = self.contrast.low, self.contrast.high
        return "" if low is None or high is None else f"({words.points(low)} to {words.points(high)})"

    @property
    def drawn(self) -> bool:
        """Whether both sides have trials enough."""
        return self.contrast.difference is not None and not (self.first.too_few or self.second.too_few)

    @property
    def odds(self) -> str:
        """The odds ratio with its interval, None being infinite or not to be had."""
        values = (self.contrast.odds_ratio, self.contrast.odds_low, self.contrast.odds_high)
        ratio, low, high = (words.DASH if value is None else f"{value:.3g}" for value in values)
        return words.DASH if values == (None, None, None) else f"{ratio} ({low} to {high})"

    @property
    def paired(self) -> str:
        """The same difference by question sets, where it was to be had."""
        paired = self.contrast.paired
        if paired is None:
            return words.DASH
        limits = f"{words.points(paired.low)} to {words.points(paired.high)}"
        return f"{words.points(paired.difference)} ({limits}), {paired.pairs:,} pairs, p {words.p_value(paired.p)}"

    def x(self, difference: float | None) -> float:
        """Where a difference stands on an axis from -100 to 100 points."""
        return 50 + 50 * (difference or 0.0)


@dataclass(frozen=True)
class Pair:
    """One difference in words, in every model."""

    what: str
    kind: str
    note: str
    toward: tuple[str, str]
    rows: tuple[Difference, ...]


def groups(summary: Summary) -> list[Group]:
    """The cells by subject, in the order of the summary."""
    twice = Counter((subject(cell), cell.variant) for cell in summary.cells)
    return [
        Group(words.subject(cells[0]), tuple(_row(cell, twice[who, cell.variant] > 1) for cell in cells))
        for who, cells in cells_by_subject(summary.cells).items()
    ]


def _row(cell: Cell, twice: bool) -> Row:
    marks = tuple(Mark(one.name, cell.measures[one.name], words.is_drawn(cell, one.name)) for one in MEASURES)
    return Row(cell, cell.condition if twice else "", marks, tuple(_parts(cell)))


def _parts(cell: Cell) -> Iterator[Part]:
    x = 0.0
    for verdict in words.MEANINGS:
        count = cell.verdicts.get(verdict, 0)
        width = 100 * count / cell.trials if cell.trials else 0.0
        if count:
            yield Part(verdict, count, x, width)
        x += width


def differences(summary: Summary) -> list[Difference]:
    """Every contrast with its cells."""
    cells = {cell.id: cell for cell in summary.cells}
    return [Difference(one, cells[one.first], cells[one.second]) for one in summary.contrasts]


def pairs(summary: Summary) -> list[Pair]:
    """The pairs that say what placement, strength and priority of the request do."""
    between = [one for one in differences(summary) if one.contrast.between == VARIANTS]
    return [pair for one, other, kind, note in PAIRS if (pair := _pair(one, other, kind, note, between))]


def _pair(one: str, other: str, kind: str, note: str, between: Sequence[Difference]) -> Pair | None:
    alike = [found for found in between if {found.first.variant, found.second.variant} == {one, other}]
    # A pair can be in several families; the one that bears its name is the one that was declared for it.
    alike.sort(key=lambda difference: difference.contrast.family != kind)
    rows = {(difference.first.id, difference.second.id): difference for difference in reversed(alike)}
    if not rows:
        return None
    first = next(iter(rows.values()))
    toward = words.name(first.second.variant), words.name(first.first.variant)
    ordered = sorted(rows.values(), key=lambda difference: (subject(difference.first), difference.first.id))
    return Pair(first.what, kind, note, toward, tuple(ordered))
