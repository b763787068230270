"""Variance of outcomes that were hardly ever drawn, measured by forcing them.

The interval of a variance comes from what was drawn. An outcome x that is drawn with probability p
is missing from n estimates where n p is small, however much of the variance p ‖estimate(x) - g‖² it
holds. So estimates at rare outcomes are made on purpose, from noise in which they win.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from gumbench.distributions import categorical
from gumbench.engine.bound_estimator import BoundEstimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.kernels.random import noise, philox
from gumbench.types import Estimator, Problem, Unseen

# Outcomes are rare that are drawn less often than this, alone and the heaviest of them together.
EXPECTED_DRAWS = 5.0
# Below it a category cannot win in float32, and holds nothing that could be seen.
LEAST_PROBABILITY = 1e-30
MOST_LISTED = 8192
LISTED_IN_PYTHON = 256
ITEMS = 1 << 25
PILOT_ITEMS = 1 << 20
MOST_PILOTS = 64
RACES = {"draw", "exponential", "gumbel"}
# So many draws of an outcome would see it.
ENOUGH_DRAWS = 10.0


@dataclass(frozen=True)
class Outcomes:
    """Rare outcomes.

    category : (variables, n) categories, -1 where any is meant
    probability : (n,) that an estimate has it among its draws, at most
    """

    category: Int[np.ndarray, "variables n"]
    probability: Float[np.ndarray, " n"]


def unseen(
    bound_estimator: BoundEstimator,
    number: int,
    race: int,
    gradient: Float[np.ndarray, " parameters"],
    parts: Collection[slice],
    roundings: Sequence[float],
    draws: int,
    estimates: int,
) -> list[Unseen | None]:
    """What rare outcomes of a categorical problem may add to the variance of each part.

    bound_estimator : that measured; number : of its temperature; race : see `race`
    gradient : (parameters,); parts : slices of it
    roundings : of each part, below which ‖estimate - g‖² is 0
    draws : how many draws an estimate has, all of one law
    estimates : how many are made in all

    Returns an Unseen or None for each part.
    """
    bound, arrays = bound_estimator.bound, bound_estimator.noise_arrays
    probability = bound.family.probabilities(bound.dist_params)
    rare = outcomes(bound.problem, probability, arrays, draws, estimates)
    if rare is None:
        return [None] * len(parts)
    count = rare.probability.size
    items = arrays * probability.size
    each = pilots(count, items, estimates)
    squares = np.empty((len(parts), count, each))
    step = max(1, PILOT_ITEMS // (each * items))
    for first in range(0, count, step):
        chunk = slice(first, first + step)
        forced = _forced(bound, probability, rare.category[:, chunk], arrays, race, each)
        estimates_there = bound_estimator.estimates_of(forced, number)
        distance = np.square(estimates_there - gradient, dtype=np.float64)
        for i, part in enumerate(parts):
            squares[i, chunk] = distance[:, part].sum(axis=1).reshape(-1, each)
    return [
        _of_part(rare, square, rounding, estimates)
        for square, rounding in zip(squares, roundings, strict=True)
    ]


def race(estimator: Estimator, inner_samples: int | None) -> int | None:
    """The number of the first array of noise by category whose race decides a draw, or None."""
    if estimator.compute:
        return 0
    arrays = [one for one in estimator.noise(inner_samples or 1) if one.per == "category"]
    arrays.sort(key=lambda one: one.kind == "draw")
    if any(one.kind not in RACES for one in arrays):
        return None
    return next((i for i, one in enumerate(arrays) if not one.purpose), None)


def pilots(count: int, items: int, estimates: int) -> int:
    """How many estimates are made at each of `count` outcomes; items: numbers of noise of one."""
    return max(1, min(MOST_PILOTS, PILOT_ITEMS // (count * items), estimates // (16 * count)))


def outcomes(
    problem: Problem,
    probability: Float[np.ndarray, "variables categories"],
    arrays: int,
    draws: int,
    estimates: int,
) -> Outcomes | None:
    """The Outcomes drawn less than EXPECTED_DRAWS times, or None where there are none.

    Where all outcomes are too many to list, they are those with one category of one variable.
    """
    variables, categories = problem.shape
    most = max(MOST_LISTED if problem.compiled else LISTED_IN_PYTHON, estimates // 4)
    most = max(1, min(most, ITEMS // (arrays * variables * categories)))
    if variables == 1 or categories**variables <= most:
        category = np.concatenate(list(categorical.outcomes(problem)), axis=1)
        p = categorical.draw_probability(category, probability)
    else:
        # Any outcome with this category of this variable.
        category = np.full((variables, variables * categories), -1, np.int32)
        for v in range(variables):
            category[v, v * categories : (v + 1) * categories] = np.arange(categories)
        p = probability.ravel()
    wanted = np.flatnonzero((estimates * draws * p < EXPECTED_DRAWS) & (p > LEAST_PROBABILITY))
    if not wanted.size:
        return None
    step = -(-wanted.size // most)
    if step > 1:
        wanted = wanted[np.argsort(p[wanted], kind="stable")][step // 2 :: step]
    return Outcomes(category[:, wanted], step * draws * p[wanted])


def _forced(
    bound: BoundProblem,
    probability: Float[np.ndarray, "variables categories"],
    category: Int[np.ndarray, "variables n"],
    arrays: int,
    race: int,
    pilots: int,
) -> Float[np.ndarray, "arrays variables categories forced"]:
    """Exponentials (arrays, variables, categories, n × pilots) whose draw in one is as wanted.

    The least of E_j / p_j is an exponential T, whichever j has it: given that it is i, E_i = p_i T,
    and the others are p_j T + E'_j with new E' (they have no memory).
    """
    shape, count = bound.problem.shape, category.shape[1]
    out = np.empty((arrays, *shape, count * pilots))
    for k in range(arrays):
        request = noise.request("exponential", philox.PILOT, k)
        pilot = bound.fill(request, 0, 0, pilots).astype(np.float64)
        out[k] = np.tile(pilot, count)
    wanted = np.repeat(category, pilots, axis=1)
    for v in range(shape[0]):
        (here,) = np.nonzero(wanted[v] >= 0)
        drawn = wanted[v, here]
        least = out[race, v, drawn, here]
        out[race, v, drawn, here] = 0.0
        out[race, v][:, here] += probability[v][:, None] * least
    return out


def _of_part(rare: Outcomes, squares: Any, rounding: float, estimates: int) -> Unseen | None:
    """The Unseen of squares (n, pilots) of distances to the gradient, or None where they are 0.

    A variance measured varies by Σ p ‖estimate - g‖⁴ / n. Of it the share of the heaviest outcomes
    counts, as many as are together drawn EXPECTED_DRAWS times: what is drawn more often was seen.
    """
    fourth = (np.where(squares > rounding, squares, 0.0) ** 2).mean(axis=1)
    expected = estimates * rare.probability
    order = np.argsort(-fourth, kind="stable")
    before = np.cumsum(expected[order]) - expected[order]
    counted = np.clip((EXPECTED_DRAWS - before) / expected[order], 0.0, 1.0)
    shares = counted * rare.probability[order] * fourth[order] / estimates
    if not shares.any():
        return None
    most = order[np.argmax(shares)]
    enough = ENOUGH_DRAWS / rare.probability[most]
    return Unseen(float(2 * np.sqrt(shares.sum())), float(expected[most]), float(enough))


def widened(variance: float, high: float, missing: Unseen | None) -> float:
    """The upper end of a variance's interval with what may be missing."""
    if missing is None:
        return high
    return variance + float(np.hypot(high - variance, missing.half_width))
