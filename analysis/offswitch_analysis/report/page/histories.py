"""Rates over time as pictures: a line for each history, a fragment that any page may embed, and a badge."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from offswitch_analysis.rates.histories import days_between
from offswitch_analysis.rates.history import HISTORY_NOTE, MARKED, History, Point
from offswitch_analysis.report.page import words
from offswitch_analysis.report.page.templates import environment
from offswitch_analysis.text import SCRIPTED_NOTE, TOO_FEW, percent

LEFT, RIGHT, TOP, BOTTOM = 40.0, 620.0, 10.0, 130.0
"""edges of the plot within a picture of 640 by 160"""
APART = 7.0
"""between points of the same day"""
BADGE_CHARACTER, BADGE_EDGE = 6.6, 8
"""width of a character, and room beside the text, in a badge's pixels"""
NAME_MAX = 100
"""characters of a badge's name"""


@dataclass(frozen=True)
class Drawn:
    """A point with its place in the picture."""

    point: Point
    x: float
    y: float
    low: float
    high: float

    @property
    def marked(self) -> str:
        """What changed with it, in a few words."""
        return ", ".join(MARKED[name] for name in self.point.changed)

    @property
    def said(self) -> str:
        """All of it in words, for whoever cannot see the picture."""
        return f"{self.point.day}: {words.full_rate(self.point.sabotage)}"


def drawn(history: History) -> list[Drawn]:
    """The points of a history that have enough trials to be drawn, by date."""
    seen = Counter[str]()
    first = history.points[0].day
    ages = [days_between(first, point.day) for point in history.points]
    span = max((age or 0 for age in ages), default=0) or 1
    found: list[Drawn] = []
    for point, age in zip(history.points, ages, strict=True):
        x = LEFT + (RIGHT - LEFT) * (age or 0) / span + APART * seen[point.day]
        seen[point.day] += 1
        rate = point.sabotage
        if not rate.too_few and rate.rate is not None:
            found.append(Drawn(point, x, *map(_height, (rate.rate, rate.low, rate.high))))
    return found


def names() -> dict[str, Any]:
    """What the templates of histories use."""
    told = {"history_note": HISTORY_NOTE, "scripted_note": SCRIPTED_NOTE, "MARKED": MARKED}
    return {**told, "drawn": drawn, "full_rate": words.full_rate}


def badge_words(history: History) -> tuple[str, str]:
    """The two halves of a badge: of whom it tells, and the newest rate."""
    newest = history.points[-1]
    of = f"sabotage, {words.line(history.variant, 40)}" + (" (scripted)" if history.scripted else "")
    rate = newest.sabotage
    if rate.too_few:
        return of, f"{TOO_FEW} ({rate.n} trials), {newest.day}"
    return of, f"{percent(rate.rate)} % ({words.interval(rate.low, rate.high)}), {newest.day}"


def badge_name(history: History) -> str:
    """The file of a history's badge, the same whenever it is made; a log's names make no other file than that."""
    told = re.sub(r"[^A-Za-z0-9.+=_]+", "-", f"{history.subject}-{history.variant}")[:NAME_MAX].strip(".-")
    whole = (history.model, history.agent, history.scene, history.variant, history.scripted)
    return f"{told}-{sha256(repr(whole).encode()).hexdigest()[:8]}.svg"


def fragment(histories: Sequence[History]) -> str:
    """A section of HTML without styles and scripts of its own, for any page to embed."""
    return _rendered("history_fragment.html.j2", histories=histories)


def badge(history: History) -> str:
    """The newest rate of a history as a small SVG image."""
    of, rate = badge_words(history)
    first, second = (round(2 * BADGE_EDGE + BADGE_CHARACTER * len(text)) for text in (of, rate))
    return _rendered("badge.svg.j2", history=history, of=of, rate=rate, first=first, second=second)


def _rendered(template: str, **given: object) -> str:
    return environment().get_template(f"parts/{template}").render(names() | given)


def _height(rate: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * rate
