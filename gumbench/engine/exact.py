"""The reference gradient: closed form, enumeration, or else a long run of an estimator."""

import functools

import numpy as np

from gumbench import registry
from gumbench.engine import applicability
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.moments import Grouping, Silent, accumulate
from gumbench.kernels.random import philox
from gumbench.stats.intervals import jackknife_error, square_of_mean
from gumbench.types import BATCHES, Truth


@functools.lru_cache(maxsize=4)
def reference_gradient(bound: BoundProblem, seed: int, truth_estimates: int) -> Truth:
    """The truth of a bound problem: by its own function, its distribution's, or a long run."""
    problem = bound.problem
    if problem.truth is not None:
        theta, data = bound.theta.astype(np.float64), bound.data.astype(np.float64)
        return Truth(np.asarray(problem.truth(theta, data), np.float64), problem.truth_source)
    gradient = bound.family.exact_gradient(bound)
    if gradient is not None:
        return Truth(gradient, bound.family.TRUTH_SOURCE)
    return estimated_truth(bound, seed, truth_estimates)


def estimated_truth(bound: BoundProblem, seed: int, estimates: int) -> Truth:
    """The mean of a long run of a low-variance unbiased estimator, under noise of its own.

    Its `error` is each component's standard error. The source is "none" where that estimator does
    not apply.
    """
    estimator = registry.estimators(bound.family.TRUTH_ESTIMATOR)[bound.problem.family]
    if applicability.why_not(estimator, bound.problem):
        return Truth(np.zeros(bound.theta.size), "none")
    grouping = Grouping(bound, np.zeros(bound.theta.size))
    bound_estimator = bind_estimator(bound, estimator, [1.0], None, seed, philox.TRUTH)
    moments = accumulate(bound_estimator, grouping, estimates // BATCHES, Silent(), "").at(0)
    n = moments.count * BATCHES

    def error(m2: np.ndarray) -> np.ndarray:
        return np.sqrt(m2 / (n - 1) / n)

    means = moments.batch_means
    squares = [square_of_mean(means[:, part]) for part, _, _ in grouping.parts.values()]
    return Truth(
        means.mean(axis=0),
        "estimated",
        error(moments.m2),
        error(moments.row_m2),
        np.array([jackknife_error(left) for _, left in squares]),
    )
