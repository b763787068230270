"""Straight-through: the gradient of f at the draw, sent back through softmax θ."""

import numpy as np

from gumbench.families.categorical import probability_table
from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty, empty_like
from gumbench.types import Estimator


def kernel(exponentials, temperature, prepared, objective, out, extra):
    variables, categories, block = out.shape
    index = empty((variables, block), np.int32)
    g = empty_like(out)
    simplex.race(objective.natural, exponentials[0], index)
    simplex.gradient_of_draw(index, objective, g)
    simplex.expectation_pullback(prepared, g, out)
    simplex.add_direct_of_draw(index, objective, categories, out.dtype.type(1.0), extra)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    aliases=("st", "ste"),
    formula="J(p) ∇f(D),  J(p) = diag p - p pᵀ",
    paper="Bengio et al. 2013",
    unbiased=False,
    exact_for="linear f",
    path=True,
    needs=("gradient",),
    evaluations=lambda k, v, c: 0,
    gradient_evaluations=lambda k, v, c: 1,
)
