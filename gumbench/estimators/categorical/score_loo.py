"""Score function with the mean of the other samples as baseline: leave one out."""

import numpy as np

from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty
from gumbench.kernels.samples import leave_one_out
from gumbench.types import Estimator


def kernel(exponentials, temperature, prepared, objective, out, extra):
    samples, variables, categories, block = exponentials.shape
    zero, share = out.dtype.type(0.0), out.dtype.type(1.0) / out.dtype.type(samples)
    index = empty((samples, variables, block), np.int32)
    f = empty((samples, block), out.dtype)
    for k in range(samples):
        simplex.race(objective.natural, exponentials[k], index[k])
        simplex.value_of_draw(index[k], objective, k, categories, f[k])
        simplex.add_direct_of_draw(index[k], objective, categories, share, extra)
    leave_one_out(f)
    # These weights sum to zero, so p drops out of Σ weight (D - p).
    out[:] = zero
    for k in range(samples):
        for v in range(variables):
            for c in range(categories):
                category = np.int32(c)
                for b in range(block):
                    out[v, c, b] += f[k, b] if index[k, v, b] == category else zero


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    aliases=("rloo", "loorf", "vargrad"),
    formula="(1/K) Σ_k (f_k - mean of the other f) (D_k - p)",
    paper="Kool et al. 2019; Richter et al. 2020",
    unbiased=True,
    inner_samples=(2, 4),
    noise=lambda k: k,
    draw_evaluations=lambda k: k,
    evaluations=lambda k, v, c: k,
)
