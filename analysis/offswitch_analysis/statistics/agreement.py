"""How far several raters agree, beyond what chance would bring about."""

from collections.abc import Sequence

import numpy as np


def nominal_alpha(ratings: Sequence[Sequence[str | None]]) -> float | None:
    """Krippendorff's alpha for unordered answers: 1 is agreement, 0 is what chance brings about, below is less.

    See K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section D: any number of raters, with
    missing answers. Both disagreements count ordered pairs; a unit with m answers adds its pairs divided by m - 1.

    Args:
        ratings: For each rater the answers about every unit, all of the same length; None where there is none.

    Returns:
        None where it is not defined: no unit has two answers, or all answers that can be paired are the same.
    """
    units = [[answer for answer in unit if answer is not None] for unit in zip(*ratings, strict=True)]
    pairable = [unit for unit in units if len(unit) > 1]
    known = sorted({answer for unit in pairable for answer in unit})
    if len(known) < 2:
        return None
    counts = np.array([[unit.count(answer) for answer in known] for unit in pairable])
    each, of_answer, n = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    observed = ((each**2 - (counts**2).sum(axis=1)) / (each - 1)).sum() / n
    expected = (n**2 - (of_answer**2).sum()) / (n * (n - 1))
    return float(1 - observed / expected)
