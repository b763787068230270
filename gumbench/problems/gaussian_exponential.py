"""A bump, exp(-kz²), of Gaussians."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions.gaussian import Mean, Scale, of_mean_and_scale
from gumbench.kernels.compiler import elementary
from gumbench.types import problem


def value(x, theta, data, out):
    k = data[0]
    out[:] = out.dtype.type(0.0)
    for v in range(x.shape[0]):
        z = x[v, 0]
        for b in range(z.size):
            out[b] += elementary.exp_nonpositive(-k * z[b] * z[b])


def gradient(x, theta, data, out):
    k, two = data[0], x.dtype.type(2.0)
    for v in range(x.shape[0]):
        z, row = x[v, 0], out[v, 0]
        for b in range(z.size):
            row[b] = -two * k * z[b] * elementary.exp_nonpositive(-k * z[b] * z[b])


def truth(theta, data):
    k, (mean, scale) = data[0], np.split(theta, 2)
    width = 1 + 2 * k * scale**2
    expected = np.exp(-k * mean**2 / width) / np.sqrt(width)
    by_scale = (2 * k * mean**2 / width - 1) * 2 * k * scale / width
    return np.concatenate([-2 * k * mean / width * expected, by_scale * expected])


@problem(family="gaussian", symbol="d", dimensions=(1, 16))
def make(
    dimension,
    *,
    k: Annotated[float, Field(ge=0, description="steepness")] = 1.0,
    mu: Mean = 1.0,
    sigma: Scale = 1.0,
):
    """E[Σ exp(-kz²)], z ~ N(μ, σ²) in each of d dimensions (Mohamed et al. 2020, k from 0.1 to 10).

    The gradient by the mean is -2kμ/w exp(-kμ²/w)/√w with w = 1 + 2kσ².
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
