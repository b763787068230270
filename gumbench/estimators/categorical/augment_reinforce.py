"""Augment-REINFORCE: the score of the Dirichlet noise whose smallest weighted share is the draw."""

import numpy as np

from gumbench.kernels.blocks import dirichlet, simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    one, exponentials = out.dtype.type(1.0), noise.by_category[0]
    weight, f = empty_like(out), empty((block,), out.dtype)
    category = empty((variables, block), np.int32)
    simplex.exponential_race(objective.dist_params, exponentials, category)
    simplex.value_of_draw(category, objective, 0, categories, f)
    dirichlet.centered_shares(exponentials, weight)
    for b in range(block):
        f[b] *= out.dtype.type(categories)
    dirichlet.weigh(f, weight, out)
    simplex.add_direct_of_draw(category, objective, categories, one, theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("noise-score",),
    aliases=("ar",),
    formula="f(argmin π_i exp(-θ_i)) (1 - C π),  π ~ Dirichlet(1)",
    use="As the step between score and arsm; score has less variance.",
    papers=("yin2019",),
    unbiased=True,
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
