"""Score function with the constant baseline that makes the variance least: an oracle's, for it
rests on f at all outcomes."""

import numpy as np

from gumbench.families.categorical import mean_value, probability_table, score_square
from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty
from gumbench.types import Estimator


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


def prepare(bound, seed, settings):
    table = probability_table(bound, seed, settings)
    return np.append(table, mean_value(bound, seed, score_square))


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    oracle=True,
    formula="(f(D) - c*) (D - p),  c* = Σ p w f / Σ p w,  w = ‖D - p‖²",
    paper="Weaver and Tao 2001; Greensmith et al. 2004",
    unbiased=True,
    draw_evaluations=lambda k: 1,
    evaluations=lambda k, v, c: 1,
)
