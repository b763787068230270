"""Exact mean and variance of an estimate that is a function of draws, or of a few normal numbers.

Draws are enumerated. Normal numbers are integrated by a Gauss-Hermite rule, which is exact for
polynomials; two rules have to agree. Both run the estimator's own kernel, in float64.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from gumbench.distributions import family
from gumbench.engine.bound_estimator import BoundEstimator, bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.types import Estimator, Problem

# Points of the longest sum, asked for by --exact; without it, no more than there are estimates.
MOST_POINTS = 1 << 24
MOST_NODES_IN_ALL = 1 << 18
FEWEST_NODES, MOST_NODES = 6, 64
COARSER = 0.75
AGREEMENT = 1e-9
# Of the size of an estimate: what is less is rounding.
NOTHING = 1e-13
CHUNK_ITEMS = 1 << 20


@dataclass(frozen=True)
class ExactMoments:
    """Of one estimate: mean (parameters,), and variance (parameters,) of each component."""

    mean: Float[np.ndarray, " parameters"]
    variance: Float[np.ndarray, " parameters"]

    def of_part(self, part: slice, gradient: Float[np.ndarray, " parameters"]) -> dict[str, float]:
        """Trace of the covariance and length of the bias of a part of the parameters."""
        variance, bias = self.variance[part].sum(), np.linalg.norm((self.mean - gradient)[part])
        size = np.sqrt(variance + (gradient[part] ** 2).sum())
        return {
            "exact_variance": float(variance) if variance > (NOTHING * size) ** 2 else 0.0,
            "exact_bias_norm": float(bias) if bias > NOTHING * size else 0.0,
        }


def points(estimator: Estimator, problem: Problem, inner_samples: int | None) -> float:
    """How many points the sum has, inf where the estimate is no function that can be summed."""
    kinds = {noise.kind for noise in estimator.noise(inner_samples or 1)}
    numbers = len(estimator.noise(inner_samples or 1))
    variables, categories = problem.shape
    if estimator.compute or problem.reward_noise or not problem.compiled:
        return np.inf
    if kinds <= {"draw"} and family(problem.family).DISCRETE:
        return _power(categories, variables * numbers)
    if kinds == {"normal"} and problem.gradient is not None:
        fewest = _power(FEWEST_NODES, variables * numbers)
        return fewest if fewest <= MOST_NODES_IN_ALL else np.inf
    return np.inf


def _power(base: int, exponent: int) -> float:
    """base^exponent, inf where that is more than a float holds."""
    return float(base) ** exponent if exponent * np.log2(base) < 1000 else np.inf


def exact_moments(
    bound: BoundProblem,
    estimator: Estimator,
    temperature: float,
    inner_samples: int | None,
    seed: int,
    settings: Mapping[str, Any],
    most_points: int,
    center: Float[np.ndarray, " parameters"],
) -> ExactMoments | None:
    """The ExactMoments at one temperature; None where the sum is too long or has not converged.

    center : near the mean, around which squares are summed: a large constant would round them away
    """
    if points(estimator, bound.problem, inner_samples) > most_points:
        return None
    double = bind_estimator(
        bound.at("float64"), estimator, [temperature], inner_samples, seed, settings=settings
    )
    if not estimator.noise(inner_samples or 1):
        return ExactMoments(double.collect(0, 0, 1)[0], np.zeros(double.parameters))
    if bound.family.DISCRETE:
        return _sum(double, _draws(double), center)
    numbers = double.noise_arrays * bound.problem.shape[0]
    most = min(most_points, MOST_NODES_IN_ALL)
    nodes = min(MOST_NODES, int(most ** (1 / numbers) + 1e-9))
    fine, coarse = (
        _sum(double, _nodes(numbers, count), center)
        for count in (nodes, max(5, int(COARSER * nodes)))
    )
    size = fine.variance + fine.mean**2
    close = AGREEMENT * size.max()
    agree = (np.abs(fine.variance - coarse.variance) <= close).all()
    return fine if agree and (np.abs(fine.mean - coarse.mean) ** 2 <= close**2).all() else None


Weighted = tuple[Float[np.ndarray, "arrays elements n"], Float[np.ndarray, " n"]]


def _draws(bound_estimator: BoundEstimator) -> Iterator[Weighted]:
    """Exponentials by which all combinations of draws come about, with their probabilities."""
    bound, draws = bound_estimator.bound, bound_estimator.inputs.draws
    variables, categories = bound.problem.shape
    probability = bound.family.probabilities(bound.dist_params)
    total, drawn = categories ** (variables * draws), draws * variables
    powers = categories ** np.arange(drawn - 1, -1, -1, dtype=np.int64)
    for numbers in _chunks(total, drawn * categories):
        category = numbers[None, :] // powers[:, None] % categories
        rows = np.tile(np.arange(variables), draws)[:, None]
        weight = probability[rows, category].prod(axis=0)
        category, weight = category[:, weight > 0], weight[weight > 0]
        given = np.ones((drawn, categories, weight.size))
        np.put_along_axis(given, category[:, None, :], 0.0, axis=1)
        yield given.reshape(draws, variables * categories, weight.size), weight


def _nodes(numbers: int, count: int) -> Any:
    """The same of normal numbers: the product of a rule for each."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    weights /= weights.sum()
    powers = count ** np.arange(numbers - 1, -1, -1, dtype=np.int64)
    for chunk in _chunks(count**numbers, numbers):
        place = chunk[None, :] // powers[:, None] % count
        yield nodes[place], weights[place].prod(axis=0)


def _chunks(total: int, items: int) -> Iterator[np.ndarray]:
    """Numbers 0, 1, ..., total - 1, a memory's worth at once."""
    step = max(1, CHUNK_ITEMS // items)
    for first in range(0, total, step):
        yield np.arange(first, min(first + step, total), dtype=np.int64)


def _sum(
    bound_estimator: BoundEstimator,
    weighted: Iterator[Any],
    center: Float[np.ndarray, " parameters"],
) -> ExactMoments:
    """Moments from weighted noise."""
    mean, square, mass = np.zeros(center.size), np.zeros(center.size), 0.0
    arrays = bound_estimator.noise_arrays
    for given, weight in weighted:
        estimates = bound_estimator.estimates_from(given.reshape(arrays, -1, weight.size))
        centered = estimates - center
        mean += weight @ centered
        square += weight @ centered**2
        mass += weight.sum()
    mean, square = mean / mass, square / mass
    return ExactMoments(center + mean, np.maximum(0.0, square - mean**2))
