"""The lecture's worked example: E z² of a Gaussian."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.types import Problem, problem


def value(x, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for v in range(x.shape[0]):
        z = x[v, 0]
        for b in range(z.size):
            out[b] += z[b] * z[b]


def gradient(x, theta, data, out):
    two = x.dtype.type(2.0)
    for v in range(x.shape[0]):
        z, row = x[v, 0], out[v, 0]
        for b in range(z.size):
            row[b] = two * z[b]


def forward(theta, data, out):
    a, offset, sigma = data
    for v in range(theta.size):
        out[0, v] = a * theta[v] + offset
        out[1, v] = sigma


def pullback(g, theta, data, out):
    a = data[0]
    for v in range(theta.size):
        row, result = g[0, v], out[v]
        for b in range(row.size):
            result[b] = a * row[b]


def truth(theta, data):
    a, offset, _ = data
    return 2 * a * (a * theta + offset)


@problem(family="gaussian", symbol="d", dimensions=(1, 16, 256))
def make(
    dimension,
    *,
    a: Annotated[float, Field(description="slope of the mean")] = 1.0,
    b: Annotated[float, Field(description="offset of the mean")] = 0.0,
    theta: Annotated[float, Field(description="where the gradient is taken")] = 1.0,
    sigma: Annotated[float, Field(gt=0, description="standard deviation of z")] = 1.0,
):
    """E[Σ z²], z ~ N(aθ + b, σ²) in each of d dimensions: the lecture's worked example.

    The gradient by θ is 2a(aθ + b); the minimum is at θ = -b/a.
    """
    return Problem(
        family="gaussian",
        theta=np.full(dimension, theta),
        parts={"theta": dimension},
        shape=(dimension, 1),
        value=value,
        gradient=gradient,
        link=(forward, pullback),
        data=(a, b, sigma),
        truth=truth,
    )
