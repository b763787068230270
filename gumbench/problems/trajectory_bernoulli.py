"""Actions of one shared probability, each rewarded by itself."""

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions import trajectory
from gumbench.kernels.links import bernoulli
from gumbench.types import Problem, problem


@problem(family="trajectory", symbol="T", dimensions=(1, 6, 24))
def make(
    dimension,
    *,
    theta: Annotated[float, Field(gt=0, lt=1, description="probability of the action 1")] = 0.5,
):
    """E[Σ_t a_t] of T independent actions a_t ~ Bernoulli(θ), by the logit that they share.

    The gradient is T θ(1 - θ). With the reward a_t at step t, the whole return, the reward to go
    and the value function as baseline differ as much as they can: at T = 6 and θ = ½ their
    variances are 17.25, 6.625 and 0.9375.
    """
    reward = np.zeros((dimension, 1, 2))
    reward[:, :, 1] = 1.0
    return Problem(
        family="trajectory",
        theta=np.array([math.log(theta / (1 - theta))]),
        parts={"logit": 1},
        shape=(dimension, 2),
        dist_shape=(1, 2),
        link=bernoulli.LINK,
        data=trajectory.packed(np.ones(1), np.ones((1, 2, 1)), reward),
    )
