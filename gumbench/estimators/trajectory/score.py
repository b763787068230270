"""Score function, REINFORCE: weigh the scores of all actions by the whole return."""

import numpy as np

from gumbench.distributions.trajectory import probability_table
from gumbench.kernels.blocks import trajectory
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    shape = noise.by_variable.shape
    visited, taken = empty(shape, np.int32), empty(shape, np.int32)
    to_go = empty(shape, out.dtype)
    trajectory.rollouts(noise, objective, visited, taken, to_go)
    returns = empty((shape[0], shape[2]), out.dtype)
    trajectory.whole_return(to_go, returns)
    trajectory.weigh_all_steps(returns, to_go)
    trajectory.scores(prepared, visited, taken, to_go, out)


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
