"""A model over factor levels: mixed-effects logistic regression, as the optional extra `offswitch[model]`."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from offswitch.errors import InputError
from offswitch.extras import require_extra

Floats = NDArray[np.float64]

INTERCEPT = "intercept"
NEAR = 0.05
"""standard errors that an estimate may be from the maximum"""
FAR = 10.0
"""standard errors on the log-odds scale beyond which the trials say nothing of a term"""
STEP = 1e-4


@dataclass(frozen=True)
class Term:
    """The effect of a level against its factor's reference level, in log-odds of the outcome."""

    name: str
    """such as `placement: system v user`; `intercept` is the log-odds at all reference levels"""
    estimate: float
    low: float
    high: float
    """limits of the 95 % Wald interval"""


@dataclass(frozen=True)
class FactorModel:
    """What a fit says, and whether it can be trusted."""

    terms: tuple[Term, ...]
    random: dict[str, float]
    """standard deviation of the random intercepts of each clustering, in log-odds"""
    converged: bool
    """without it, terms are to be shown as not trustworthy"""
    how: str
    """how near the maximum of the likelihood the fit ended"""
    trials: int
    """as many were fitted, without those of levels left out"""
    left_out: tuple[str, ...]
    """levels that separate, factors and clusterings that do not vary or cannot be told apart, each with its reason"""


def fit(frame: pd.DataFrame, outcome: str, factors: Sequence[str], clusters: Sequence[str]) -> FactorModel:
    """Fits log-odds = intercept + levels of the factors + a normal random intercept for every cluster.

    The likelihood is maximised in gpboost, with Laplace's approximation of the integral over the random
    intercepts (Breslow and Clayton 1993, Journal of the American Statistical Association 88(421)); standard
    errors come from its curvature. Whether the end is a maximum is checked here, from the gradient there. The
    reference of a factor is its most frequent level. InputError if the extra is not installed, the outcome is not
    0 or 1, or nothing is left to fit.

    Args:
        frame: one row per trial; those without an outcome or a level are left aside.
        outcome: column of 0 and 1, such as a measure.
        factors: columns of levels.
        clusters: columns whose values say which trials may be alike, such as question_set and model.

    """
    rows = _complete(frame, outcome, factors, clusters)
    rows, separated = _without_separation(rows, outcome, factors)
    design, alike = _design(rows, factors)
    groups, constant = _groups(rows, clusters)
    y = rows[outcome].to_numpy(dtype=np.float64)
    coefficients, errors, variances, gradient = _maximum(y, design.to_numpy(dtype=np.float64), groups)
    half = ndtri(0.975) * errors
    estimates_and_limits = (each.tolist() for each in (coefficients, coefficients - half, coefficients + half))
    off = float(np.abs(gradient).max())
    return FactorModel(
        terms=tuple(map(Term, design.columns, *estimates_and_limits)),
        random=dict(zip(groups.columns, np.sqrt(variances).tolist(), strict=True)),
        converged=bool(off <= NEAR and np.all(errors < FAR)),
        how=f"{off:.2g} standard errors from the maximum by the gradient, largest standard error {errors.max():.2g}",
        trials=len(rows), left_out=(*separated, *alike, *constant),
    )  # fmt: skip


def _complete(frame: pd.DataFrame, outcome: str, factors: Sequence[str], clusters: Sequence[str]) -> pd.DataFrame:
    columns = [outcome, *factors, *clusters]
    if lacks := [column for column in columns if column not in frame.columns]:
        raise InputError(f"factor model: no column {', '.join(lacks)}; there are {', '.join(map(str, frame.columns))}")
    rows = frame[columns].dropna()
    if not rows[outcome].isin([0, 1]).all():
        raise InputError(f"factor model: {outcome} must be 0 or 1; choose a measure of each trial")
    return rows.astype({outcome: int, **dict.fromkeys([*factors, *clusters], str)})


def _without_separation(
    rows: pd.DataFrame, outcome: str, factors: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Without levels whose trials all ended alike: their log-odds are infinite, and they say nothing of the others."""
    left_out: list[str] = []
    for factor in [*factors] * len(factors):  # taking one out can leave another of an earlier factor alone
        separating = _separating(rows, outcome, factor)
        left_out += [f"{factor}: {level} (separates: {counts})" for level, counts in separating.items()]
        rows = rows[~rows[factor].isin([*separating])]
    if rows[outcome].nunique() < 2:
        raise InputError(f"factor model: {outcome} does not vary within any level; compare the rates of cells instead")
    return rows, tuple(left_out)


def _separating(rows: pd.DataFrame, outcome: str, factor: str) -> dict[str, str]:
    """The levels of a varying factor without events, or with nothing else, and their counts."""
    counts = {str(level): (int(events.sum()), len(events)) for level, events in rows.groupby(factor)[outcome]}
    varies = len(counts) > 1
    return {level: f"{events} of {n}" for level, (events, n) in counts.items() if varies and events in (0, n)}


def _design(rows: pd.DataFrame, factors: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """A column of ones and one for each level but the reference, where it tells something that no other tells."""
    columns, left_out = {INTERCEPT: np.ones(len(rows))}, list[str]()
    for factor in factors:
        reference = rows[factor].mode()[0]  # of equally frequent ones the first by name
        others = sorted({*rows[factor]} - {reference})
        if not others:
            left_out.append(f"{factor} (does not vary: {reference})")
        for level in others:
            name, column = f"{factor}: {level} v {reference}", (rows[factor] == level).to_numpy(dtype=np.float64)
            if _is_independent(column, columns):
                columns[name] = column
            else:
                left_out.append(f"{name} (cannot be told apart from the terms before it)")
    if len(columns) == 1:
        raise InputError("factor model: no factor varies; choose factors with levels that had both outcomes")
    return pd.DataFrame(columns), tuple(left_out)


def _is_independent(column: Floats, others: dict[str, Floats]) -> bool:
    kinds = np.unique(np.column_stack([*others.values(), column]), axis=0)
    return int(np.linalg.matrix_rank(kinds)) == kinds.shape[1]


def _groups(rows: pd.DataFrame, clusters: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Numbers in place of names, for clusterings that have several clusters with several trials."""
    sizes = {cluster: rows[cluster].nunique() for cluster in clusters}
    left_out = tuple(f"{cluster} (no clusters to compare)" for cluster, n in sizes.items() if not 1 < n < len(rows))
    kept = {cluster: pd.factorize(rows[cluster])[0] for cluster, n in sizes.items() if 1 < n < len(rows)}
    if not kept:
        raise InputError("factor model: no clusters of trials; give trials that share question sets")
    return pd.DataFrame(kept), left_out


def _maximum(y: Floats, design: Floats, groups: pd.DataFrame) -> tuple[Floats, Floats, Floats, Floats]:
    """Coefficients, their standard errors, variances, and the gradient per standard error."""
    # Few random intercepts meet in one trial, and there a direct solver takes seconds where iterations take minutes.
    model = load_library().GPModel(
        group_data=groups.to_numpy(),
        likelihood="bernoulli_logit",
        matrix_inversion_method="cholesky",
        num_parallel_threads=1,  # sums in the same order every time, and no advice printed
    )
    # The default tolerance, 1e-6, ends a whole standard error from the maximum where there are many trials.
    model.fit(y=y, X=design, params={"delta_rel_conv": 1e-12})
    coefficients, errors = np.asarray(model.get_coef(std_err=True, format_pandas=False), dtype=np.float64)
    variances = np.asarray(model.get_cov_pars(format_pandas=False), dtype=np.float64).ravel()

    def loss(at: Floats) -> float:
        inside, spread = at[: len(coefficients)], np.exp(at[len(coefficients) :])
        return float(model.neg_log_likelihood(spread, y, fixed_effects=design @ inside))

    at, steps = np.concatenate([coefficients, np.log(variances)]), np.eye(design.shape[1] + len(variances)) * STEP
    gradient = np.array([loss(at + step) - loss(at - step) for step in steps]) / (2 * STEP)
    # The logarithm of a variance has an error of 1 or less, unless trials say nothing of it.
    return coefficients, errors, variances, gradient * np.concatenate([errors, np.ones(len(variances))])


def load_library() -> Any:
    """gpboost, made quiet; InputError where the extra is not installed."""
    require_extra("model", "factor model")
    import gpboost

    # What it prints on standard output, of convergence, is measured here.
    quiet = logging.getLogger("gpboost")
    quiet.setLevel(logging.CRITICAL)
    cast(Any, gpboost).register_logger(quiet)
    return gpboost
