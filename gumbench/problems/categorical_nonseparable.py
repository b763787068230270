"""A quadratic form of several categorical draws, which no term of one variable makes up."""

from typing import Annotated

from pydantic import Field

from gumbench.kernels.random.noise import constants
from gumbench.settings import Instance
from gumbench.types import Problem, problem

# data: the symmetric matrix A, row by row; a row for every category of every variable.


def value(x, theta, data, out):
    size, block = x.shape[0] * x.shape[1], x.shape[2]
    flat = x.reshape((size, block))
    out[:] = out.dtype.type(0.0)
    for i in range(size):
        for j in range(size):
            weight = data[i * size + j]
            for b in range(block):
                out[b] += weight * flat[i, b] * flat[j, b]


def value_at(category, theta, data, out):
    variables, block = category.shape
    categories = theta.size // variables
    for b in range(block):
        total = out.dtype.type(0.0)
        for v in range(variables):
            row = (v * categories + category[v, b]) * theta.size
            for w in range(variables):
                total += data[row + w * categories + category[w, b]]
        out[b] = total


def gradient(x, theta, data, out):
    size, block = x.shape[0] * x.shape[1], x.shape[2]
    flat, result = x.reshape((size, block)), out.reshape((size, block))
    two = x.dtype.type(2.0)
    result[:] = x.dtype.type(0.0)
    for i in range(size):
        for j in range(size):
            weight = two * data[i * size + j]
            for b in range(block):
                result[i, b] += weight * flat[j, b]


@problem(family="categorical", symbol="D", dimensions=(2, 4, 8), most=64)
def make(
    dimension,
    *,
    categories: Annotated[int, Field(ge=2, le=64, description="of each variable")] = 3,
    skew: Annotated[float, Field(description="standard deviation of the logits")] = 1.0,
    offset: Annotated[float, Field(description="a constant that is added to f")] = 0.0,
    instance: Instance = 0,
):
    """E[xᵀ A x + offset], x the one-hot draws of D variables of `categories` categories.

    A is a symmetric normal matrix over D, θ normal with standard deviation `skew`, both from
    `instance`. On the simplex, f is the same form. Exact by enumeration up to 2^20 outcomes, beyond
    that estimated.
    """
    size = dimension * categories
    matrix = constants("normal", size * size, instance).reshape(size, size) / dimension
    # The offset is spread over all pairs of variables: their one-hot vectors sum to 1 each.
    matrix = (matrix + matrix.T) / 2 + offset / dimension**2
    return Problem(
        family="categorical",
        theta=skew * constants("normal", size, instance, draw=1),
        parts={"logits": size},
        shape=(dimension, categories),
        value=value,
        value_at=value_at,
        gradient=gradient,
        data=matrix.ravel(),
    )
