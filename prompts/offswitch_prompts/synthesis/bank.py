"""A bank of rationales and how it is weighed: expectation and maximisation over weights alone.

A wording x comes from a rationale z with probability p(x|z), and z is taken with weight w(z). What is maximised is

    F(w) = sum over x of log(sum over z of w(z) p(x|z))  +  a * sum over z of q(z) log w(z)

the log-likelihood of the accepted wordings with a Dirichlet prior that is worth `a` wordings, spread as q(z), what the
model itself gives to z. A step of E and M (Dempster, Laird and Rubin 1977, with a prior) is

    r(z|x) = w(z) p(x|z) / sum over z' of w(z') p(x|z')        w(z) = (sum over x of r(z|x) + a q(z)) / (n + a)

and never lowers F. All probabilities are logarithms, in nats.
"""

from collections.abc import Sequence
from math import exp, fsum, inf, log

PRIOR_WORTH = 1.0
"""a: wordings that the prior counts for, so that no rationale is ever given up"""
STEPS_MAX = 200
GAIN_MIN = 1e-9
"""nats; steps that gain less change nothing that anybody could see"""


def normalised(log_weights: Sequence[float]) -> list[float]:
    """Probabilities that stand to each other as these logarithms."""
    total = log_sum(log_weights)
    return [exp(weight - total) for weight in log_weights]


def responsibilities(weights: Sequence[float], log_p: Sequence[float]) -> list[float]:
    """The E-step for one wording: how far each rationale is to be thanked for it. log_p: of it, given each."""
    return normalised([_log(weight) + p for weight, p in zip(weights, log_p, strict=True)])


def objective(
    weights: Sequence[float], log_p: Sequence[Sequence[float]], prior: Sequence[float], worth: float = PRIOR_WORTH
) -> float:
    """F of these weights; log_p has a row for each wording and a column for each rationale."""
    rows = [log_sum([_log(weight) + p for weight, p in zip(weights, row, strict=True)]) for row in log_p]
    return fsum(rows) + fsum(worth * q * _log(weight) for q, weight in zip(prior, weights, strict=True) if q)


def step(
    weights: Sequence[float], log_p: Sequence[Sequence[float]], prior: Sequence[float], worth: float = PRIOR_WORTH
) -> list[float]:
    """Weights after one E-step and one M-step."""
    found = [responsibilities(weights, row) for row in log_p]
    columns = zip(*found, strict=True) if found else [()] * len(weights)
    thanked = [fsum(column) + worth * q for column, q in zip(columns, prior, strict=True)]
    return [share / fsum(thanked) for share in thanked]


def reweighted(log_p: Sequence[Sequence[float]], prior: Sequence[float]) -> tuple[list[float], list[float]]:
    """Weights after so many steps from the prior as change anything, and F before the first and after each."""
    weights = list(prior)
    values = [objective(weights, log_p, prior)]
    for _ in range(STEPS_MAX):
        weights = step(weights, log_p, prior)
        values.append(objective(weights, log_p, prior))
        if values[-1] - values[-2] < GAIN_MIN:
            break
    return weights, values


def by_acceptance(accepted: Sequence[int], tried: Sequence[int]) -> list[float]:
    """Weights where no model gives probabilities: each rationale's rate of acceptance, begun with one in two."""
    rates = [(a + 1) / (n + 2) for a, n in zip(accepted, tried, strict=True)]
    return [rate / fsum(rates) for rate in rates]


def log_sum(values: Sequence[float]) -> float:
    """The logarithm of the sum of what these are the logarithms of."""
    highest = max(values)
    return highest if highest == -inf else highest + log(fsum(exp(value - highest) for value in values))


def _log(weight: float) -> float:
    return log(weight) if weight > 0 else -inf
