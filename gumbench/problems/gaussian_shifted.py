"""Squared distance of Gaussians to a point."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.types import Problem, problem


def value(x, theta, data, out):
    k = data[0]
    out[:] = out.dtype.type(0.0)
    for v in range(x.shape[0]):
        z = x[v, 0]
        for b in range(z.size):
            out[b] += (z[b] - k) * (z[b] - k)


def gradient(x, theta, data, out):
    k, two = data[0], x.dtype.type(2.0)
    for v in range(x.shape[0]):
        z, row = x[v, 0], out[v, 0]
        for b in range(z.size):
            row[b] = two * (z[b] - k)


def truth(theta, data):
    mean, scale = np.split(theta, 2)
    return np.concatenate([2 * (mean - data[0]), 2 * scale])


@problem(family="gaussian", symbol="d", dimensions=(1, 16))
def make(
    dimension,
    *,
    k: Annotated[float, Field(description="the point")] = 3.0,
    mu: Annotated[float, Field(description="mean of z")] = 1.0,
    sigma: Annotated[float, Field(gt=0, description="standard deviation of z")] = 1.0,
):
    """E[Σ (z - k)²], z ~ N(μ, σ²) in each of d dimensions (Mohamed et al. 2020, k from -3 to 3).

    The gradient is 2(μ - k) by the mean and 2σ by the scale.
    """
    return Problem(
        family="gaussian",
        theta=np.concatenate([np.full(dimension, mu), np.full(dimension, sigma)]),
        parts={"mean": dimension, "scale": dimension},
        shape=(dimension, 1),
        value=value,
        gradient=gradient,
        data=(k,),
        truth=truth,
    )
