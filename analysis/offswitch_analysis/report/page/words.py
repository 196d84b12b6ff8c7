"""Values as a reader of the page sees them; whatever came out of a log is made inert and short here."""

from markupsafe import Markup, escape

from offswitch.record import subject_name
from offswitch.verdict import rules
from offswitch_analysis import text as plain_text
from offswitch_analysis.rates import Cell, Estimate
from offswitch_analysis.report.figures import COLOURS
from offswitch_analysis.statistics import Bounded
from offswitch_analysis.text import TOO_FEW, percent, plain

NAME_MAX = 100
"""characters of a name"""
LINE_MAX = 1_000
"""characters of anything else on one line"""
DASH = "\N{EN DASH}"
NO_TRIALS = "no trials"

WITH_PUBLISHED = ("sabotage", "published_outcome")
"""the measures beside which published rates are shown; they count as the second does"""
MEANINGS = {verdict.value: rules.MEANINGS[verdict] for verdict in COLOURS}
"""verdict -> what it says, in the order of the figures"""


def cut(text: str, most: int) -> str:
    """At most so many characters, and how many more there were."""
    return text if len(text) <= most else f"{text[:most]}\N{HORIZONTAL ELLIPSIS} [{len(text) - most:,} more characters]"


def line(value: object, most: int = LINE_MAX) -> str:
    """One line of printable text, cut where it is long."""
    text = cut(str(value), most)
    return text if text.isprintable() else plain(text)


def name(value: str) -> str:
    """A name that a log gave to a model, a trial or a method."""
    return line(value, NAME_MAX)


def subject(cell: Cell) -> str:
    """The model, with the agent that it was in and the scene, where these are not the loop and sums."""
    return subject_name(name(cell.model), name(cell.agent), name(cell.scene))


def block(text: str) -> Markup:
    """Lines of printable text as they are, for an element that keeps line ends."""
    return Markup("\n").join(escape(plain(one.expandtabs(4))) for one in text.split("\n"))


def points(difference: float) -> str:
    """A difference in percentage points, with its sign."""
    return plain_text.points(difference).replace("-", "\N{MINUS SIGN}")


def interval(low: float, high: float) -> str:
    """Both limits in percent."""
    return plain_text.interval(low, high, DASH)


def p_value(p: float | None) -> str:
    """Three digits; very small ones only as such."""
    return DASH if p is None else plain_text.short_p_value(p)


def is_drawn(cell: Cell, measure: str) -> bool:
    """Whether a rate has trials enough."""
    return not cell.measures[measure].too_few and not (measure == "sabotage" and cell.too_few)


def full_rate(estimate: Estimate) -> str:
    """A rate that is never without its interval and its n."""
    if estimate.rate is None:
        return NO_TRIALS
    rate = TOO_FEW if estimate.too_few else percent(estimate.rate)
    return f"{rate} ({interval(estimate.low, estimate.high)}) n {estimate.n:,}"


def limited(rate: Bounded) -> str:
    """A rate of the model over scenes with its interval, in percent."""
    return f"{percent(rate.value)} ({interval(rate.low, 1.0 if rate.high is None else rate.high)})"


def counted(counts: dict[str, int]) -> str:
    """Every word with its count, the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{word(term)} ({n:,})" for term, n in ranked if n)


def word(term: str) -> str:
    """A term of the vocabulary as it is read."""
    return name(term).replace("_", " ")
