"""Sum of Bernoullis, each with a logit of its own."""

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.kernels.links import bernoulli
from gumbench.types import Problem, problem


def value(x, theta, data, out):
    real = out.dtype.type
    target = data[0]
    out[:] = real(0.0)
    for v in range(x.shape[0]):
        one = x[v, 1]
        for b in range(one.size):
            difference = one[b] - target
            out[b] += difference * difference
    scale = real(1.0) / real(x.shape[0])
    for b in range(out.size):
        out[b] *= scale


def value_at(category, theta, data, out):
    real = out.dtype.type
    target = data[0]
    out[:] = real(0.0)
    for v in range(category.shape[0]):
        drawn = category[v]
        for b in range(drawn.size):
            difference = real(drawn[b]) - target
            out[b] += difference * difference
    scale = real(1.0) / real(category.shape[0])
    for b in range(out.size):
        out[b] *= scale


def gradient(x, theta, data, out):
    real = x.dtype.type
    scale, target = real(2.0) / real(x.shape[0]), data[0]
    for v in range(x.shape[0]):
        one, row = x[v, 1], out[v, 1]
        out[v, 0] = real(0.0)
        for b in range(one.size):
            row[b] = scale * (one[b] - target)


def truth(theta, data):
    one = 1 / (1 + np.exp(-theta))
    return one * (1 - one) * (1 - 2 * data[0]) / theta.size


@problem(family="categorical", symbol="D", dimensions=(2, 20, 200))
def make(
    dimension,
    *,
    t: Annotated[float, Field(description="target of every one")] = 0.499,
    theta: Annotated[float, Field(gt=0, lt=1, description="probability of a one")] = 0.3,
):
    """E[(1/D) Σ (bᵢ - t)²], D independent bᵢ ~ Bernoulli(θ), each with a logit of its own.

    The gradient by a logit is θ(1 - θ)(1 - 2t)/D. Between 0 and 1, f is (1/D) Σ (xᵢ₁ - t)². At
    θ = 1/2 it is degenerate: straight-through has no bias.
    """
    return Problem(
        family="categorical",
        theta=np.full(dimension, math.log(theta / (1 - theta))),
        parts={"logit": dimension},
        shape=(dimension, 2),
        value=value,
        value_at=value_at,
        gradient=gradient,
        link=bernoulli.LINK,
        data=(t,),
        truth=truth,
    )
