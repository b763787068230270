"""Score function with the constant baseline that makes the variance least."""

import numpy as np

from gumbench.families import categorical
from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty
from gumbench.types import Estimator

PILOT_ESTIMATES = 65_536


def kernel(exponentials, temperature, prepared, objective, out, extra):
    variables, categories, block = out.shape
    index = empty((variables, block), np.int32)
    f = empty((block,), out.dtype)
    simplex.race(objective.natural, exponentials[0], index)
    simplex.value_of_draw(index, objective, 0, categories, f)
    baseline = prepared[prepared.size - 1]
    for b in range(block):
        f[b] -= baseline
    simplex.score(prepared, index, f, out)
    simplex.add_direct_of_draw(index, objective, categories, out.dtype.type(1.0), extra)


def optimal_baseline(bound, seed):
    """Σ p w f / Σ p w with w the squared length of the score, over all outcomes or a pilot."""
    probability = categorical.probabilities(bound.natural)
    weighted_f, weight = 0.0, 0.0
    if categorical.enumerable(bound.problem):
        double = bound.at("float64")
        for index in categorical.outcomes(bound.problem):
            chance = categorical.weight_of(index, probability)
            w = chance * categorical.score_square(index, probability)
            weighted_f += np.where(chance > 0, w * double.value_at(index), 0.0).sum()
            weight += w.sum()
    else:
        for random in bound.pilot(seed, PILOT_ESTIMATES):
            index = categorical.sample(bound, random)
            w = categorical.score_square(index, probability)
            weighted_f += (w * bound.value_at(index).astype(np.float64)).sum()
            weight += w.sum()
    return weighted_f / weight if weight else 0.0


def prepare(bound, seed, settings):
    table = categorical.probability_table(bound, seed, settings)
    return np.append(table, optimal_baseline(bound, seed))


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    formula="(f(D) - c*) (D - p),  c* = Σ p w f / Σ p w,  w = ‖D - p‖²",
    paper="Weaver and Tao 2001; Greensmith et al. 2004",
    unbiased=True,
    draw_evaluations=lambda k: 1,
    evaluations=lambda k, v, c: 1,
)
