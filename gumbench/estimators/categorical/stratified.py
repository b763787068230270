"""Stratified sampling: K draws, one from each K-th of the distribution function."""

import numpy as np

from gumbench.distributions.categorical import cumulative_table, probability_table
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    _, categories, block = out.shape
    samples, share = noise.by_variable.shape[0], out.dtype.type(1.0 / noise.by_variable.shape[0])
    systematic, p, cdf = prepared[0] > 0, prepared[1 : 1 + categories], prepared[1 + categories :]
    draws, u = empty((samples, 1, block), np.int32), empty((block,), out.dtype)
    f, term = empty((samples, block), out.dtype), empty((1, categories, block), out.dtype)
    for k in range(samples):
        inside = noise.by_variable[0 if systematic else k, 0]
        for b in range(block):
            u[b] = (out.dtype.type(k) + inside[b]) * share
        simplex.search(cdf, u, draws[k, 0])
    simplex.values_of_draws(draws, objective, categories, f, theta_gradient)
    out[:] = out.dtype.type(0.0)
    for k in range(samples):
        simplex.score(p, draws[k], f[k], term)
        simplex.add_weighted(term, share, out)


def prepare(preparation):
    """Whether there is one uniform for all; p; and P(category ≤ c)."""
    tables = probability_table(preparation), cumulative_table(preparation.bound)
    return np.concatenate([[preparation.settings["systematic"]], *tables])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    formula="(1/K) Σ_k f(D_k) (D_k - p),  D_k = F⁻¹((k + U_k)/K), k = 0 to K - 1; systematic: one "
    "U for all k",
    use="One variable whose categories lie in an order by which f changes slowly.",
    papers=("cochran1977",),
    unbiased=True,
    inner_samples=InnerSamples(1, 4),
    needs=("one_variable",),
    settings={"systematic": False},
    noise=lambda k: [Noise("uniform", per="variable")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
