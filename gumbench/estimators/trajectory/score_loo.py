"""Score function with the mean return of the other trajectories as baseline: leave one out."""

import numpy as np

from gumbench.distributions.trajectory import probability_table
from gumbench.kernels.blocks import trajectory
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    samples, steps, block = noise.by_variable.shape
    visited = empty((samples, steps, block), np.int32)
    taken = empty((samples, steps, block), np.int32)
    weight = empty((samples, steps, block), out.dtype)
    returns = empty((samples, block), out.dtype)
    out[:] = out.dtype.type(0.0)
    for k in range(samples):
        given = noise.by_category[k], noise.by_variable[k]
        trajectory.rollout(objective, given[0], given[1], visited[k], taken[k], weight[k])
        trajectory.to_go(weight[k])
        returns[k] = weight[k, 0]
    leave_one_out(returns)
    for k in range(samples):
        for t in range(steps):
            weight[k, t] = returns[k]
        trajectory.add_score(prepared, visited[k], taken[k], weight[k], out)


def noise(k):
    return [Noise("exponential")] * k + [Noise("uniform", per="variable")] * k


ESTIMATOR = Estimator(
    family="trajectory",
    kernel=kernel,
    prepare=probability_table,
    methods=("score",),
    aliases=("rloo", "loorf", "vargrad"),
    formula="(1/K) Σ_k (R_k - mean of the other R) Σ_t ∇ log π(a_kt | s_kt)",
    use="Where only the whole return is seen, as of language models.",
    papers=("kool2019",),
    unbiased=True,
    inner_samples=InnerSamples(2, 4),
    noise=noise,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
