"""A step function of Gaussians, which has no useful derivative."""

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions.gaussian import Mean, Scale, of_mean_and_scale
from gumbench.types import problem


def value(x, theta, data, out):
    real = out.dtype.type
    threshold = data[0]
    out[:] = real(0.0)
    for v in range(x.shape[0]):
        z = x[v, 0]
        for b in range(z.size):
            out[b] += real(1.0) if z[b] > threshold else real(0.0)


def zero_gradient(x, theta, data, out):
    out[:] = out.dtype.type(0.0)


def truth(theta, data):
    mean, scale = np.split(theta, 2)
    t = (data[0] - mean) / scale
    density = np.exp(-t * t / 2) / math.sqrt(2 * math.pi) / scale
    return np.concatenate([density, density * t])


@problem(
    family="gaussian",
    symbol="d",
    dimensions=(1, 16),
)
def make(
    dimension,
    *,
    mu: Mean = 0.0,
    sigma: Scale = 1.0,
    k: Annotated[float, Field(description="where the step is")] = 0.5,
    force: Annotated[int, Field(ge=0, le=1, description="1 has ∂f/∂z, which is 0")] = 0,
):
    """E[Σ 1[z > k]], z ~ N(μ, σ²): a step has no useful derivative.

    The gradient is φ((k - μ)/σ)/σ by the mean, while the derivative of a step is 0 wherever it
    exists, so estimators that need ∂f/∂z do not apply. The setting force=1 gives them that 0.
    """
    return of_mean_and_scale(
        dimension,
        mu,
        sigma,
        value=value,
        gradient=zero_gradient if force else None,
        data=(k,),
        truth=truth,
    )
