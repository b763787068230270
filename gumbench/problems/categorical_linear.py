"""A bandit with C arms."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.kernels.random.noise import constants
from gumbench.settings import Instance
from gumbench.types import Problem, problem


def value(x, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for c in range(x.shape[1]):
        row, weight = x[0, c], data[c]
        for b in range(row.size):
            out[b] += weight * row[b]


def value_at(category, theta, data, out):
    for b in range(out.size):
        out[b] = data[category[0, b]]


def gradient(x, theta, data, out):
    for c in range(x.shape[1]):
        out[0, c] = data[c]


def truth(theta, data):
    weight = np.exp(theta - theta.max())
    weight /= weight.sum()
    return weight * (data - (weight * data).sum())


@problem(
    family="categorical",
    symbol="C",
    dimensions=(4, 64, 1024),
)
def make(
    dimension,
    *,
    skew: Annotated[float, Field(description="standard deviation of the logits")] = 1.0,
    offset: Annotated[float, Field(description="mean reward of the arms")] = 0.0,
    noise: Annotated[float, Field(ge=0, description="standard deviation of noise on f")] = 0.0,
    instance: Instance = 0,
):
    """E Σ f_k D_k, D a one-hot draw from softmax θ: a bandit with C arms.

    The scores f are offset + normal, θ is normal with standard deviation `skew`, both from
    `instance`. With noise > 0 f is seen at the drawn arm only, as f + noise · N(0, 1). On the
    simplex, f is Σ f_k x_k, so straight-through estimators are exact.
    """
    return Problem(
        family="categorical",
        theta=skew * constants("normal", dimension, instance, draw=1),
        parts={"logits": dimension},
        shape=(1, dimension),
        value=value,
        value_at=value_at,
        gradient=gradient,
        data=offset + constants("normal", dimension, instance),
        reward_noise=noise,
        truth=truth,
    )
