"""How far several raters agree, beyond what chance would bring about."""

from collections.abc import Sequence

import numpy as np

from offswitch.errors import InputError


def nominal_alpha(ratings: Sequence[Sequence[str | None]]) -> float | None:
    """Krippendorff's alpha for unordered answers: 1 is agreement, 0 is what chance brings about, below is less.

    See K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011); the library of the same name computes it.

    Args:
        ratings: For each rater the answers about every unit, all of the same length; None where there is none.

    Returns:
        None where it is not defined: no unit has two answers, or all answers are the same.

    Raises:
        InputError: The library is missing.
    """
    pairable = [unit for unit in zip(*ratings, strict=True) if sum(answer is not None for answer in unit) > 1]
    codes = {
        answer: code for code, answer in enumerate(sorted({a for unit in pairable for a in unit if a is not None}))
    }
    if len(codes) < 2:
        return None
    try:
        import krippendorff
    except ImportError as error:
        raise InputError("agreement of judges needs a library: pip install 'offswitch[judges]'") from error
    coded = [[np.nan if answer is None else codes[answer] for answer in unit] for unit in pairable]
    return float(krippendorff.alpha(np.array(coded, dtype=float).T, level_of_measurement="nominal"))
