"""Squared distance of Gaussians to a point."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions.gaussian import Mean, Scale, of_mean_and_scale
from gumbench.types import problem


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
    mu: Mean = 1.0,
    sigma: Scale = 1.0,
):
    """E[Σ (z - k)²], z ~ N(μ, σ²) in each of d dimensions (Mohamed et al. 2020, k from -3 to 3).

    The gradient is 2(μ - k) by the mean and 2σ by the scale.
    """
    return of_mean_and_scale(
        dimension,
        mu,
        sigma,
        value=value,
        gradient=gradient,
        data=(k,),
        truth=truth,
    )
