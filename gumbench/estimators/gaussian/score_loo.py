"""Score function with the mean of the other samples as baseline: leave one out."""

import numpy as np

from gumbench.kernels.blocks import gaussian, simplex
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    normals = noise.by_category
    samples, block = normals.shape[0], normals.shape[3]
    share = out.dtype.type(1.0) / out.dtype.type(samples)
    z = empty_like(normals[0])
    f = empty((samples, block), out.dtype)
    no_baseline = np.zeros(objective.dist_params.shape, out.dtype)
    term = empty_like(out)
    for k in range(samples):
        gaussian.sample(objective.dist_params, normals[k], z)
        objective.value(z, objective.theta, objective.data, f[k])
        simplex.add_direct(z, objective, share, theta_gradient)
    leave_one_out(f)
    out[:] = out.dtype.type(0.0)
    for k in range(samples):
        gaussian.score(objective.dist_params, normals[k], f[k], no_baseline, term)
        for r in range(out.shape[0]):
            for v in range(out.shape[1]):
                for b in range(block):
                    out[r, v, b] += term[r, v, b]


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    methods=("score",),
    aliases=("rloo", "loorf", "vargrad"),
    formula="(1/K) Σ_k (f_k - mean of the other f) ∇ log p(z_k)",
    use="Where f has no derivative and can be evaluated a few times.",
    papers=("kool2019", "richter2020"),
    unbiased=True,
    inner_samples=InnerSamples(2, 4),
    noise=lambda k: [Noise("normal")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
