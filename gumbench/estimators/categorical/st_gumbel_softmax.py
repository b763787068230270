"""Straight-through Gumbel-softmax: f at the hard draw, its gradient through the soft one."""

import numpy as np

from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty, empty_like
from gumbench.types import Estimator


def kernel(gumbels, temperature, prepared, objective, out, extra):
    variables, categories, block = out.shape
    one = out.dtype.type(1.0)
    index = empty((variables, block), np.int32)
    y = empty_like(out)
    simplex.draw(objective.natural, gumbels[0], index)
    simplex.gradient_of_draw(index, objective, out)
    simplex.relax(objective.natural, gumbels[0], temperature, y)
    simplex.softmax_pullback(y, one / temperature, out)
    simplex.add_direct_of_draw(index, objective, categories, one, extra)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    aliases=("st-gs",),
    formula="(1/τ) J(softmax((θ + G)/τ)) ∇f(D),  D = argmax(θ + G)",
    paper="Jang et al. 2017",
    unbiased=False,
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    evaluations=lambda k, v, c: 0,
    gradient_evaluations=lambda k, v, c: 1,
)
