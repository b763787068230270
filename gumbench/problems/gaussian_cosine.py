"""A cosine of Gaussians, for which neither score nor pathwise is always the better one."""

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions.gaussian import Mean, Scale, of_mean_and_scale
from gumbench.kernels.compiler.jit import helper
from gumbench.types import problem

# Taylor coefficients in r² for |r| ≤ π/4: the first ones left out add less than 1e-16.
SINES = tuple((-1.0) ** k / math.factorial(2 * k + 1) for k in range(8))
COSINES = tuple((-1.0) ** k / math.factorial(2 * k) for k in range(9))
QUARTER = math.pi / 2
QUARTER_REST = 6.123233995736766e-17


@helper
def sine_and_cosine(x):
    """Both of a float64, from the nearest quarter turn: the same on every machine."""
    turn = math.floor(x / QUARTER + 0.5)
    r = (x - turn * QUARTER) - turn * QUARTER_REST
    square, sine, cosine = r * r, 0.0, 0.0
    for k in range(len(SINES) - 1, -1, -1):
        sine = sine * square + SINES[k]
    for k in range(len(COSINES) - 1, -1, -1):
        cosine = cosine * square + COSINES[k]
    sine *= r
    quadrant = int(turn) & 3
    if quadrant & 1:
        sine, cosine = cosine, -sine
    return (-sine, -cosine) if quadrant & 2 else (sine, cosine)


def value(x, theta, data, out):
    real, k = out.dtype.type, np.float64(data[0])
    out[:] = real(0.0)
    for v in range(x.shape[0]):
        z = x[v, 0]
        for b in range(z.size):
            out[b] += real(sine_and_cosine(k * z[b])[1])


def gradient(x, theta, data, out):
    real, k = x.dtype.type, np.float64(data[0])
    for v in range(x.shape[0]):
        z, row = x[v, 0], out[v, 0]
        for b in range(z.size):
            row[b] = real(-k * sine_and_cosine(k * z[b])[0])


def truth(theta, data):
    k, (mean, scale) = data[0], np.split(theta, 2)
    damping = np.exp(-((k * scale) ** 2) / 2)
    by_mean = -k * damping * np.sin(k * mean)
    return np.concatenate([by_mean, -(k**2) * scale * damping * np.cos(k * mean)])


@problem(family="gaussian", symbol="d", dimensions=(1, 16))
def make(
    dimension,
    *,
    k: Annotated[float, Field(description="frequency")] = 1.0,
    mu: Mean = 1.0,
    sigma: Scale = 1.0,
):
    """E[Σ cos kz], z ~ N(μ, σ²) in each of d dimensions (Mohamed et al. 2020, k from 0.5 to 5).

    The gradient by the mean is -k exp(-k²σ²/2) sin kμ. On N(1, 1) pathwise has less variance by
    the mean up to k = 1.064, and score beyond.
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
