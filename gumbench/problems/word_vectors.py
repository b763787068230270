"""The lecture's word vectors: a word drawn from a softmax over inner products."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.kernels.compiler import elementary
from gumbench.kernels.random.noise import constants
from gumbench.settings import Instance
from gumbench.types import Problem, problem

# data: the similarity of each word to the context (C), then the table of word vectors (C, size).


def value(x, theta, data, out):
    one = out.dtype.type(1.0)
    out[:] = out.dtype.type(0.0)
    for c in range(x.shape[1]):
        row, similarity = x[0, c], data[c]
        for b in range(out.size):
            out[b] += similarity * row[b]
    for b in range(out.size):
        out[b] = elementary.log(one + elementary.exp(-out[b]))


def value_at(category, theta, data, out):
    one = out.dtype.type(1.0)
    for b in range(out.size):
        out[b] = elementary.log(one + elementary.exp(-data[category[0, b]]))


def gradient(x, theta, data, out):
    one, zero = out.dtype.type(1.0), out.dtype.type(0.0)
    slope = np.full(x.shape[2], zero)
    for c in range(x.shape[1]):
        row, similarity = x[0, c], data[c]
        for b in range(row.size):
            slope[b] += similarity * row[b]
    for b in range(slope.size):
        slope[b] = -one / (one + elementary.exp(slope[b]))
    for c in range(x.shape[1]):
        row, similarity = out[0, c], data[c]
        for b in range(row.size):
            row[b] = similarity * slope[b]


def forward(theta, data, out):
    for c in range(out.shape[1]):
        first = out.shape[1] + c * theta.size
        logit = data[first] * theta[0]
        for k in range(1, theta.size):
            logit += data[first + k] * theta[k]
        out[0, c] = logit


def pullback(g, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for c in range(g.shape[1]):
        row, first = g[0, c], g.shape[1] + c * theta.size
        for k in range(theta.size):
            weight, result = data[first + k], out[k]
            for b in range(row.size):
                result[b] += weight * row[b]


def truth(theta, data):
    words = data.size // (theta.size + 1)
    table = data[words:].reshape(words, theta.size)
    logits = (table * theta).sum(axis=1)
    weight = np.exp(logits - logits.max())
    weight /= weight.sum()
    f = np.logaddexp(0.0, -data[:words])
    by_logit = weight * (f - (weight * f).sum())
    return (table * by_logit[:, None]).sum(axis=0)


@problem(
    family="categorical",
    symbol="C",
    dimensions=(100, 1000),
    most=1_000_000,
)
def make(
    dimension,
    *,
    size: Annotated[int, Field(ge=1, le=4096, description="length of a word's vector")] = 16,
    spread: Annotated[float, Field(description="standard deviation of the logits, about")] = 1.0,
    instance: Instance = 0,
):
    """E[-log σ(u_D · t)], D a word drawn from softmax(u_i · v): the lecture's word vectors.

    The gradient is in v, a vector of length `size`; the table u of C words, v and the context t
    are normal, from `instance`. Logits have a standard deviation of about `spread`. On the simplex
    f is log(1 + exp(-Σ x_i u_i · t)).
    """
    table = constants("normal", dimension * size, instance).reshape(dimension, size)
    center = spread * constants("normal", size, instance, draw=1) / np.sqrt(size)
    context = constants("normal", size, instance, draw=2) / np.sqrt(size)
    similarity = (table * context).sum(axis=1)
    return Problem(
        family="categorical",
        theta=center,
        parts={"vector": size},
        shape=(1, dimension),
        value=value,
        value_at=value_at,
        gradient=gradient,
        link=(forward, pullback),
        data=np.concatenate([similarity, table.ravel()]),
        truth=truth,
    )
