"""A small random Markov decision process with a softmax policy."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions import trajectory
from gumbench.kernels.random.noise import constants
from gumbench.settings import Instance
from gumbench.types import Problem, problem


@problem(family="trajectory", symbol="T", dimensions=(3, 10))
def make(
    dimension,
    *,
    states: Annotated[int, Field(ge=1, le=64, description="number of states")] = 5,
    actions: Annotated[int, Field(ge=2, le=64, description="number of actions")] = 3,
    skew: Annotated[float, Field(description="standard deviation of the logits")] = 1.0,
    offset: Annotated[float, Field(description="added to every reward")] = 0.0,
    instance: Instance = 0,
):
    """E[Σ_t r(s_t, a_t)] of T steps by a policy table θ(s, a), the logits of the actions.

    Rewards are offset + normal, the next state is drawn from softmax 2N of normal numbers N, and
    θ is normal with standard deviation `skew`, all from `instance`; the first state is 0. Exact by
    dynamic programming.
    """
    pairs = states * actions
    logits = 2 * constants("normal", pairs * states, instance).reshape(states, actions, states)
    move = np.exp(logits - logits.max(axis=2, keepdims=True))
    reward = offset + constants("normal", pairs, instance, draw=2).reshape(states, actions)
    return Problem(
        family="trajectory",
        theta=skew * constants("normal", pairs, instance, draw=1),
        parts={"logits": pairs},
        shape=(dimension, actions),
        dist_shape=(states, actions),
        data=trajectory.packed(
            np.eye(states)[0],
            move / move.sum(axis=2, keepdims=True),
            np.broadcast_to(reward, (dimension, states, actions)),
        ),
    )
