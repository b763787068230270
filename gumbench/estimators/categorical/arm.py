"""Augment-REINFORCE-merge: f at an antithetic pair of binary draws, times its uniform noise."""

import numpy as np

from gumbench.kernels.blocks import binary
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, _, block = out.shape
    exponentials, half = noise.by_category[0], out.dtype.type(0.5)
    draws, f = empty((2, variables, block), np.int32), empty((2, block), out.dtype)
    binary.values_of_pair(exponentials, objective, draws, f, theta_gradient)
    for v in range(variables):
        for b in range(block):
            e_0, e_1 = exponentials[v, 0, b], exponentials[v, 1, b]
            g = (f[0, b] - f[1, b]) * half * ((e_0 - e_1) / (e_0 + e_1))
            out[v, 0, b], out[v, 1, b] = -g, g


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("antithetic", "noise-score"),
    formula="(f(1[u > 1 - p]) - f(1[u < p])) (u - ½) by the logit, p the probability of category 1",
    use="To compare with disarm, which has less variance at the same cost.",
    papers=("yinarm2019",),
    unbiased=True,
    needs=("binary",),
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(values=2, at_draws=True),
)
