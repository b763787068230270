"""Score function of each action weighed by the rewards that come after it."""

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
    trajectory.scores(prepared, visited, taken, to_go, out)


ESTIMATOR = Estimator(
    family="trajectory",
    kernel=kernel,
    prepare=probability_table,
    methods=("score",),
    aliases=("gpomdp",),
    formula="Σ_t G_t ∇ log π(a_t | s_t),  G_t = Σ_{u ≥ t} r_u",
    use="Where one trajectory must do.",
    papers=("baxter2001", "sutton2000"),
    unbiased=True,
    noise=lambda k: [Noise("exponential"), Noise("uniform", per="variable")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
