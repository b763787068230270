"""Whether ∂f/∂θ at fixed x has mean zero, as that of log q in an ELBO.

Then estimators that do not differentiate through the sample leave it out: it would only be noise.
"""

import dataclasses
import functools
import math
from typing import Any

import numpy as np

from gumbench.engine.bound_problem import BoundProblem
from gumbench.types import Problem

# Share of its size below which a mean, or what is left of it, is rounding: f may be in float32.
ROUNDING = 1e-5
STANDARD_ERRORS = 6.0
MOST_LISTED = 4096
POINTS = 512
ITEMS = 1 << 20

ZERO = (
    "∂f/∂θ at fixed x has mean zero, as that of log q: estimators that do not differentiate "
    "through the sample leave it out; direct_is_score=False keeps it"
)
NOT_ZERO = (
    "∂f/∂θ at fixed x is not known to have mean zero: every estimator adds it; with "
    "direct_is_score=True those that do not differentiate through the sample leave it out"
)


@functools.lru_cache(maxsize=64)
def with_direct_decided(problem: Problem) -> Problem:
    """The problem with `direct_is_score` decided where nobody has, and a remark that says so.

    A problem whose functions fail is as it was: its trial says why.
    """
    if problem.direct is None or problem.direct_is_score is not None:
        return problem
    try:
        zero = has_mean_zero(BoundProblem(problem, "float64", checked=True))
    except Exception:
        return problem
    remark = ZERO if zero else NOT_ZERO
    return dataclasses.replace(problem, direct_is_score=zero, remarks=(*problem.remarks, remark))


def has_mean_zero(bound: BoundProblem) -> bool:
    """Whether E ∂f/∂θ at fixed x is zero up to rounding.

    Outcomes are listed where they are few. Elsewhere it is so only where ∂f/∂θ is, at every point
    tried, a constant times the score of the same parameter, whose mean is zero.
    """
    listed = _listed(bound)
    if listed is not None:
        mean, size = listed
        return bool((np.abs(mean) <= ROUNDING * size).all())
    direct, score = _at_points(bound)
    square = (score**2).sum(axis=1)
    factor = (direct * score).sum(axis=1) / np.where(square > 0, square, 1.0)
    left = np.abs(direct - factor[:, None] * score).max(axis=1)
    return bool((left <= ROUNDING * np.abs(direct).max()).all())


def mean_that_is_not_zero(bound: BoundProblem) -> tuple[int, float] | None:
    """(parameter, mean) of a ∂f/∂θ whose mean is surely not zero, or None."""
    listed = _listed(bound)
    if listed is not None:
        mean, size = listed
        excess = np.abs(mean) - ROUNDING * size
    else:
        direct, _ = _at_points(bound)
        mean = direct.mean(axis=1)
        error = direct.std(axis=1) / np.sqrt(direct.shape[1])
        excess = np.abs(mean) - STANDARD_ERRORS * error - ROUNDING * np.abs(direct).max(axis=1)
    worst = int(np.argmax(excess))
    return (worst, float(mean[worst])) if excess[worst] > 0 else None


def _listed(bound: BoundProblem) -> Any:
    """E and E|·| of ∂f/∂θ over all outcomes, or None where they are many or not discrete."""
    family, problem = bound.family, bound.problem
    if not family.DISCRETE or problem.shape[1] ** problem.shape[0] > MOST_LISTED:
        return None
    probability = family.probabilities(bound.dist_params)
    mean, size = np.zeros(bound.theta.size), np.zeros(bound.theta.size)
    for category in family.outcomes(problem):
        weight = family.draw_probability(category, probability)
        direct = np.where(weight > 0, bound.direct(bound.one_hot(category)), 0.0)
        mean += (direct * weight).sum(axis=1)
        size += (np.abs(direct) * weight).sum(axis=1)
    return mean, size


def _at_points(bound: BoundProblem) -> Any:
    """∂f/∂θ and the score in θ, (parameters, n) each, at draws."""
    items = max(math.prod(bound.problem.shape), bound.theta.size)
    random = bound.noise(0, None, 0, int(min(POINTS, max(8, ITEMS // items))))
    samples = bound.family.sample(bound, random)
    x = bound.one_hot(samples) if bound.family.DISCRETE else samples
    score = bound.pullback_block(bound.family.score(bound, samples))
    return bound.direct(x), score
