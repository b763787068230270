"""Sum of powers of the distance of Bernoullis to a point."""

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.links import bernoulli
from gumbench.types import Problem, problem


@helper
def power(x, exponent):
    """x^exponent of a positive number, 0 for 0."""
    return elementary.exp(exponent * elementary.log(x)) if x > x - x else x - x


def value(x, theta, data, out):
    exponent, point = data[0], data[1]
    out[:] = out.dtype.type(0.0)
    for v in range(x.shape[0]):
        for b in range(out.size):
            out[b] += power(abs(x[v, 1, b] - point), exponent)


def value_at(category, theta, data, out):
    exponent, point = data[0], data[1]
    real = out.dtype.type
    zero, one = power(abs(point), exponent), power(abs(real(1.0) - point), exponent)
    out[:] = real(0.0)
    for v in range(category.shape[0]):
        for b in range(out.size):
            out[b] += one if category[v, b] else zero


def gradient(x, theta, data, out):
    exponent, point = data[0], data[1]
    one = x.dtype.type(1.0)
    for v in range(x.shape[0]):
        out[v, 0] = x.dtype.type(0.0)
        for b in range(x.shape[2]):
            distance = x[v, 1, b] - point
            slope = exponent * power(abs(distance), exponent - one)
            out[v, 1, b] = slope if distance > x.dtype.type(0.0) else -slope


def truth(theta, data):
    exponent, point = data
    one = 1 / (1 + np.exp(-theta))
    return one * (1 - one) * (abs(1 - point) ** exponent - abs(point) ** exponent)


@problem(family="categorical", symbol="D", dimensions=(8, 128))
def make(
    dimension,
    *,
    p: Annotated[float, Field(gt=1, le=16, description="exponent")] = 1.5,
    c: Annotated[float, Field(description="the point")] = 0.45,
    theta: Annotated[float, Field(gt=0, lt=1, description="probability of a one")] = 0.3,
):
    """E[Σ |bᵢ - c|^p], D independent bᵢ ~ Bernoulli(θ) (Liu et al. 2023: p = 1.5, 2, 3).

    The gradient by a logit is θ(1 - θ)(|1 - c|^p - |c|^p). Between 0 and 1, f is Σ |xᵢ₁ - c|^p.
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
        data=(p, c),
        truth=truth,
    )
