"""Straight-through Gumbel-softmax: f at the hard draw, its gradient through the soft one."""

import numpy as np

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    one, gumbels = out.dtype.type(1.0), noise.by_category[0]
    category = empty((variables, block), np.int32)
    y = empty_like(out)
    simplex.draw(objective.dist_params, gumbels, category)
    simplex.gradient_of_draw(category, objective, out)
    simplex.relax(objective.dist_params, gumbels, temperature, y)
    simplex.softmax_pullback(y, one / temperature, out)
    simplex.add_direct_of_draw(category, objective, categories, one, theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("straight-through", "relaxation"),
    aliases=("st-gs",),
    formula="(1/τ) J(softmax((θ + G)/τ)) ∇f(D),  D = argmax(θ + G)",
    use="As straight-through, with a temperature to trade bias for variance.",
    papers=("jang2017",),
    unbiased=False,
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    noise=lambda k: [Noise("gumbel")],
    cost=lambda sizes: Cost(gradients=1),
)
