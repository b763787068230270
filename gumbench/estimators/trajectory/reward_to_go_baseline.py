"""Rewards to go less a baseline: the mean of other trajectories, or the value function."""

from typing import Any, Literal

import numpy as np
from pydantic import Field
from pydantic.fields import FieldInfo

from gumbench.distributions.trajectory import probability_table, state_values
from gumbench.kernels.blocks import trajectory
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    shape, table = noise.by_variable.shape, out.shape[0] * out.shape[1]
    p, values = prepared[:table], prepared[table:]
    visited, taken = empty(shape, np.int32), empty(shape, np.int32)
    weight = empty(shape, out.dtype)
    trajectory.rollouts(noise, objective, visited, taken, weight)
    if values.size:
        trajectory.less_values(values, visited, weight)
    else:
        trajectory.leave_one_out_by_step(weight)
    trajectory.scores(p, visited, taken, weight, out)


def prepare(preparation):
    """Probabilities, and the value of each state at each step where that is the baseline."""
    by_value = preparation.settings["baseline"] == "value"
    values = state_values(preparation.bound)[0][:-1].ravel() if by_value else []
    return np.concatenate([probability_table(preparation), values])


def noise(k):
    return [Noise("exponential")] * k + [Noise("uniform", per="variable")] * k


KINDS: Any = Literal["loo", "value"]
BASELINE = FieldInfo.from_annotated_attribute(
    KINDS,
    Field("loo", description="mean of the other trajectories, or value function, an oracle's"),
)
ESTIMATOR = Estimator(
    family="trajectory",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    oracle=lambda settings: settings["baseline"] == "value",
    formula="(1/K) Σ_k Σ_t (G_kt - b_kt) ∇ log π(a_kt | s_kt),  b the mean of the other G_t, or "
    "V_t(s_t)",
    use="Where a few trajectories, or a value function, are at hand: the first to try.",
    papers=("sutton2000", "greensmith2004"),
    unbiased=True,
    inner_samples=InnerSamples(2, 4),
    settings={"baseline": BASELINE},
    noise=noise,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
