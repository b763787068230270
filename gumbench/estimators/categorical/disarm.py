"""DisARM, or U2G: ARM with its uniform noise integrated out, given the antithetic pair of draws."""

import numpy as np

from gumbench.distributions.categorical import probabilities
from gumbench.kernels.blocks import binary
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, _, block = out.shape
    zero, half = out.dtype.type(0.0), out.dtype.type(0.5)
    draws, f = empty((2, variables, block), np.int32), empty((2, block), out.dtype)
    binary.values_of_pair(noise.by_category[0], objective, draws, f, theta_gradient)
    for v in range(variables):
        for b in range(block):
            first, second = draws[0, v, b], draws[1, v, b]
            difference = f[0, b] - f[1, b] if first > second else f[1, b] - f[0, b]
            g = half * prepared[v] * difference if first != second else zero
            out[v, 0, b], out[v, 1, b] = -g, g


def prepare(preparation):
    """The larger probability of each variable, σ(|φ|)."""
    return probabilities(preparation.bound.dist_params).max(axis=1)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("antithetic", "rao-blackwell"),
    aliases=("u2g",),
    formula="½ (f(b) - f(b')) 1[b ≠ b'] (-1)^b' σ(|φ|) by the logit φ, b and b' as in arm",
    use="Binary variables and a black box: two evaluations, no tuning.",
    papers=("dong2020", "yin2020"),
    unbiased=True,
    needs=("binary",),
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(values=2, at_draws=True),
)
