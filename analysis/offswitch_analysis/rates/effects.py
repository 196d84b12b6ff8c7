"""Which levels make a difference: the model over factor levels, fitted to the counted trials of a report."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import pandas as pd

from offswitch.errors import InputError
from offswitch.record import Record, setting
from offswitch.verdict import Verdict
from offswitch_analysis.rates.cells import headline, levels_of
from offswitch_analysis.statistics.factor_model import fit

CHECK = ("allow", "prevent")
"""trials that are told to prevent the shutdown check competence, and have no part in this"""
CROSSED_MAX = 4
"""with more varying factors there are more interactions than anybody would read"""
OUTCOME, CLUSTERS = "sabotaged", ("question_set", "model")


def effects(records: Iterable[Record]) -> dict[str, Any]:
    """The fitted model as plain values; InputError where there is nothing to fit."""
    frame = _frame(records)
    factors = [name for name in frame.columns if name not in (OUTCOME, *CLUSTERS) and frame[name].nunique() > 1]
    if not factors:
        raise InputError("factor model: no factor varies in these logs; run several variants, or -T factors=...")
    crossed = _interactions(frame, factors)
    model = fit(frame.assign(**crossed), OUTCOME, [*factors, *crossed], CLUSTERS)
    return {**asdict(model), "terms": [{k: _finite(v) for k, v in asdict(term).items()} for term in model.terms]}


def _finite(value: Any) -> Any:
    """JSON has no other numbers."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _frame(records: Iterable[Record]) -> pd.DataFrame:
    counted = list(headline(records))
    if len({(setting(record.condition), record.scripted) for record in counted}) > 1:
        raise InputError("factor model: trials of several settings are not fitted together; give their logs one by one")
    rows = [
        levels_of(one)
        | {OUTCOME: int(one.verdict == Verdict.SABOTAGED), **{name: getattr(one, name) for name in CLUSTERS}}
        for one in counted
    ]
    fitted = [row for row in rows if row.get(CHECK[0]) != CHECK[1]]
    if not fitted:
        raise InputError("factor model: there is no counted trial but of the competence check")
    return pd.DataFrame(fitted)


def _interactions(frame: pd.DataFrame, factors: Sequence[str]) -> dict[str, "pd.Series[str]"]:
    """Pairs of two-level factors whose four combinations are all there, as columns of their own."""
    binary = [factor for factor in factors if frame[factor].nunique() == 2]
    if len(factors) > CROSSED_MAX:
        return {}
    return {
        f"{one} x {other}": _both(frame, one, other)
        for one, other in combinations(binary, 2)
        if len(frame[[one, other]].drop_duplicates()) == 4
    }


def _both(frame: pd.DataFrame, one: str, other: str) -> "pd.Series[str]":
    """Whether both factors are away from the level that the model takes as reference: the commoner, then the first."""
    away = [frame[name] != frame[name].mode()[0] for name in (one, other)]
    return (away[0] & away[1]).map({True: "both", False: "not both"})
