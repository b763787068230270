"""MuProp: f less its first-order expansion around p, whose gradient is added in closed form."""

import numpy as np

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    table = prepared[1:].reshape((3, variables, categories))
    draw, slope, correction = noise.draws[0], table[1], table[2]
    f = empty((block,), out.dtype)
    simplex.value_of_draw(draw, objective, 0, categories, f)
    for b in range(block):
        f[b] -= prepared[0]
        for v in range(variables):
            f[b] -= slope[v, draw[v, b]]
    simplex.score(table[0].ravel(), draw, f, out)
    for v in range(variables):
        for c in range(categories):
            for b in range(block):
                out[v, c, b] += correction[v, c]
    simplex.add_direct_of_draw(draw, objective, categories, out.dtype.type(1.0), theta_gradient)


def prepare(preparation):
    """f(p); then p, ∇f(p) less its mean under p, and J(p) ∇f(p), each of every category."""
    bound = preparation.bound
    p = probabilities(bound.dist_params)
    slope = bound.gradient(p[:, :, None])[:, :, 0].astype(np.float64)
    slope -= (p * slope).sum(axis=1, keepdims=True)
    return np.concatenate(
        [bound.value(p[:, :, None]), p.ravel(), slope.ravel(), (p * slope).ravel()]
    )


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    formula="(f(D) - f(p) - ∇f(p)ᵀ (D - p)) (D - p) + J(p) ∇f(p)",
    use="Where ∂f/∂x exists, one evaluation must do, and f is close to linear.",
    papers=("gu2016",),
    unbiased=True,
    needs=("gradient",),
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
