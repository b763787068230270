"""Augment-REINFORCE-swap-merge: f at all swaps of two shares of one Dirichlet noise."""

import numpy as np

from gumbench.kernels.blocks import dirichlet, simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    weight, swapped = empty_like(out), noise.by_category[0].copy()
    category, f = empty((variables, block), np.int32), empty((block,), out.dtype)
    dirichlet.centered_shares(swapped, weight)
    simplex.exponential_race(objective.dist_params, swapped, category)
    simplex.value_of_draw(category, objective, 0, categories, f)
    simplex.add_direct_of_draw(category, objective, categories, out.dtype.type(1.0), theta_gradient)
    # A swap of a category with itself leaves the draw as it is.
    dirichlet.weigh(f, weight, out)
    evaluation = 0
    for i in range(categories):
        for j in range(i):
            evaluation += 1
            dirichlet.swap(swapped, i, j)
            simplex.exponential_race(objective.dist_params, swapped, category)
            dirichlet.swap(swapped, i, j)
            simplex.value_of_draw(category, objective, evaluation, categories, f)
            for v in range(variables):
                for b in range(block):
                    out[v, i, b] += f[b] * weight[v, j, b]
                    out[v, j, b] += f[b] * weight[v, i, b]
    # The mean over m of f(z^{m⇄j}), weighed and summed over j, is the mean of these rows.
    dirichlet.less_mean(out)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("antithetic", "noise-score"),
    formula="component c: Σ_j (f(z^{c⇄j}) - mean_m f(z^{m⇄j})) (1/C - π_j),  π ~ Dirichlet(1)",
    use="A few categories, where C² evaluations are affordable.",
    papers=("yin2019",),
    unbiased=True,
    needs=("few_categories",),
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(
        values=sizes.categories * (sizes.categories - 1) // 2 + 1, at_draws=True
    ),
)
