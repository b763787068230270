"""f seen through noise, of 21 latents: a gradient that nobody can say; and a relaxed score."""

import dataclasses

import numpy as np

import gumbench
from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex


def value(x):
    return x[:, :, 0].sum(axis=1)


noisy = dataclasses.replace(
    gumbench.CategoricalProblem(np.zeros((21, 2)), value, compiled=False), reward_noise=1.0
)


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    """A soft draw in the score of a hard one."""
    variables, categories, block = out.shape
    soft = np.empty_like(out)
    draw = np.empty((variables, block), np.int32)
    f = np.empty(block, out.dtype)
    simplex.relax(objective.dist_params, noise.by_category[0], temperature, soft)
    simplex.draw(objective.dist_params, noise.by_category[0], draw)
    simplex.value_of_draw(draw, objective, 0, categories, f)
    for v in range(variables):
        for c in range(categories):
            for b in range(block):
                out[v, c, b] = f[b] * (soft[v, c, b] - prepared[v * categories + c])


softened = gumbench.Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    unbiased=False,
    takes_temperature=True,
    noise=lambda k: [gumbench.Noise("gumbel")],
    cost=lambda sizes: gumbench.Cost(values=1, at_draws=True),
)
