"""A random walk that is driven back, and its squared place at the end."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions import trajectory
from gumbench.kernels.compiler import elementary
from gumbench.types import Problem, problem


def forward(theta, data, out):
    """θ = ln p; the logits of down and up at place X are ln(1 - e^(-X/p)) and -X/p."""
    for x in range(out.shape[0]):
        up = -out.dtype.type(x) * elementary.exp(-theta[0])
        out[x, 1] = up
        out[x, 0] = np.log(-np.expm1(up))


def pullback(g, theta, data, out):
    """At X = 0, where down is impossible, the derivative is 0."""
    out[:] = out.dtype.type(0.0)
    for x in range(1, g.shape[0]):
        rate = g.dtype.type(x) * elementary.exp(-theta[0])
        down = -rate / np.expm1(rate)
        for b in range(g.shape[2]):
            out[0, b] += rate * g[x, 1, b] + down * g[x, 0, b]


@problem(family="trajectory", symbol="T", dimensions=(10, 50), most=200)
def make(
    dimension,
    *,
    p: Annotated[float, Field(ge=0, description="scale of the drift; 0 for 2T")] = 0.0,
):
    """E[X_T²] of a walk from X_0 = 0 that steps up with probability e^(-X/p), else down, by ln p.

    The problem of the literature on stochastic automatic differentiation, with p = 2T. Exact by
    dynamic programming.
    """
    places = dimension + 1
    move = np.zeros((places, 2, places))
    ends = np.zeros((places, 2))
    for x in range(places):
        for action, there in enumerate((max(x - 1, 0), min(x + 1, dimension))):
            move[x, action, there], ends[x, action] = 1.0, there
    reward = np.zeros((dimension, places, 2))
    reward[-1] = ends**2
    return Problem(
        family="trajectory",
        theta=np.array([np.log(p or 2.0 * dimension)]),
        parts={"log p": 1},
        shape=(dimension, 2),
        dist_shape=(places, 2),
        link=(forward, pullback),
        data=trajectory.packed(np.eye(places)[0], move, reward),
    )
