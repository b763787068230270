"""Score function of each action weighed by the rewards that come after it."""

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
    out[:] = out.dtype.type(0.0)
    trajectory.add_score(prepared, visited, taken, weight, out)


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
