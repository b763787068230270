"""Score function with the mean return of the other trajectories as baseline: leave one out."""

import numpy as np

from gumbench.distributions.trajectory import probability_table
from gumbench.kernels.blocks import trajectory
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    shape = noise.by_variable.shape
    visited, taken = empty(shape, np.int32), empty(shape, np.int32)
    weight, returns = empty(shape, out.dtype), empty((shape[0], shape[2]), out.dtype)
    trajectory.rollouts(noise, objective, visited, taken, weight)
    trajectory.whole_return(weight, returns)
    leave_one_out(returns)
    trajectory.weigh_all_steps(returns, weight)
    trajectory.scores(prepared, visited, taken, weight, out)


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
