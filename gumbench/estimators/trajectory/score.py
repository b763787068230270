"""Score function, REINFORCE: weigh the scores of all actions by the whole return."""

import numpy as np

from gumbench.distributions.trajectory import probability_table
from gumbench.kernels.blocks import trajectory
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    uniforms = noise.by_variable[0]
    visited, taken = empty(uniforms.shape, np.int32), empty(uniforms.shape, np.int32)
    weight = empty(uniforms.shape, out.dtype)
    trajectory.rollout(objective, noise.by_category[0], uniforms, visited, taken, weight)
    trajectory.to_go(weight)
    for t in range(1, weight.shape[0]):
        weight[t] = weight[0]
    out[:] = out.dtype.type(0.0)
    trajectory.add_score(prepared, visited, taken, weight, out)


ESTIMATOR = Estimator(
    family="trajectory",
    kernel=kernel,
    prepare=probability_table,
    methods=("score",),
    aliases=("reinforce", "score-function", "likelihood-ratio"),
    formula="R Σ_t ∇ log π(a_t | s_t),  R = Σ_t r_t",
    use="To see what the order of rewards is worth.",
    papers=("williams1992",),
    unbiased=True,
    noise=lambda k: [Noise("exponential"), Noise("uniform", per="variable")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
