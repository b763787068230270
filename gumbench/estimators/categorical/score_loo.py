"""Score function with the mean of the other samples as baseline: leave one out."""

import numpy as np

from gumbench.kernels.blocks import simplex
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draws = noise.draws
    samples, (variables, categories, block) = draws.shape[0], out.shape
    zero, share = out.dtype.type(0.0), out.dtype.type(1.0) / out.dtype.type(samples)
    f = empty((samples, block), out.dtype)
    for k in range(samples):
        simplex.value_of_draw(draws[k], objective, k, categories, f[k])
        simplex.add_direct_of_draw(draws[k], objective, categories, share, theta_gradient)
    leave_one_out(f)
    # These weights sum to zero, so p drops out of Σ weight (D - p).
    out[:] = zero
    for k in range(samples):
        for v in range(variables):
            for c in range(categories):
                category = np.int32(c)
                for b in range(block):
                    out[v, c, b] += f[k, b] if draws[k, v, b] == category else zero


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    aliases=("rloo", "loorf", "vargrad"),
    formula="(1/K) Σ_k (f_k - mean of the other f) (D_k - p)",
    papers=("kool2019", "richter2020"),
    unbiased=True,
    inner_samples=(2, 4),
    noise=lambda k: [Noise("draw")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
