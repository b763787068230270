"""Rewards to go less a baseline: the mean of other trajectories, or the value function."""

from typing import Any, Literal

import numpy as np
from pydantic import Field
from pydantic.fields import FieldInfo

from gumbench.distributions.trajectory import probability_table, state_values
from gumbench.kernels.blocks import trajectory
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    samples, steps, block = noise.by_variable.shape
    states, share = out.shape[0], out.dtype.type(1.0) / out.dtype.type(samples)
    p, values = prepared[: out.shape[0] * out.shape[1]], prepared[out.shape[0] * out.shape[1] :]
    visited = empty((samples, steps, block), np.int32)
    taken = empty((samples, steps, block), np.int32)
    weight = empty((samples, steps, block), out.dtype)
    at_step = empty((samples, block), out.dtype)
    out[:] = out.dtype.type(0.0)
    for k in range(samples):
        given = noise.by_category[k], noise.by_variable[k]
        trajectory.rollout(objective, given[0], given[1], visited[k], taken[k], weight[k])
        trajectory.to_go(weight[k])
    for t in range(steps):
        for k in range(samples):
            at_step[k] = weight[k, t]
        if values.size:
            for k in range(samples):
                for b in range(block):
                    at_step[k, b] = share * (at_step[k, b] - values[t * states + visited[k, t, b]])
        else:
            leave_one_out(at_step)
        for k in range(samples):
            weight[k, t] = at_step[k]
    for k in range(samples):
        trajectory.add_score(p, visited[k], taken[k], weight[k], out)


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
