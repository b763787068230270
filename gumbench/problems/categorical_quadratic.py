"""Squared distance of a one-hot draw to a target."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.kernels.random.noise import constants
from gumbench.settings import Instance
from gumbench.types import Problem, problem


def value(x, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for c in range(x.shape[1]):
        target = data[c]
        for b in range(out.size):
            difference = x[0, c, b] - target
            out[b] += difference * difference


def value_at(category, theta, data, out):
    one, two = out.dtype.type(1.0), out.dtype.type(2.0)
    square = data[data.size - 1]
    for b in range(out.size):
        out[b] = square + one - two * data[category[0, b]]


def gradient(x, theta, data, out):
    two = x.dtype.type(2.0)
    for c in range(x.shape[1]):
        target = data[c]
        for b in range(x.shape[2]):
            out[0, c, b] = two * (x[0, c, b] - target)


def truth(theta, data):
    weight = np.exp(theta - theta.max())
    weight /= weight.sum()
    f = -2 * data[:-1]
    return weight * (f - (weight * f).sum())


@problem(
    family="categorical",
    symbol="C",
    dimensions=(4, 64, 1024),
)
def make(
    dimension,
    *,
    skew: Annotated[float, Field(description="standard deviation of the logits")] = 1.0,
    instance: Instance = 0,
):
    """E‖D - b‖², D a one-hot draw from softmax θ.

    θ is normal with standard deviation `skew`, b uniform on (0, 1), both from `instance`. On the
    simplex, f is ‖x - b‖².
    """
    target = constants("uniform", dimension, instance)
    theta = skew * constants("normal", dimension, instance, draw=1)
    return Problem(
        family="categorical",
        theta=theta,
        parts={"logits": dimension},
        shape=(1, dimension),
        value=value,
        value_at=value_at,
        gradient=gradient,
        data=np.append(target, (target**2).sum()),
        truth=truth,
    )
