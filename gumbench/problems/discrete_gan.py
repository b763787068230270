"""A generator of tokens against a fixed discriminator: the lecture's discrete GAN."""

from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions import trajectory
from gumbench.kernels.random.noise import constants
from gumbench.settings import Instance
from gumbench.types import Problem, problem

# data: the discriminator's weights of tokens w (T, C), then those of pairs U (C, C).


def value(x, theta, data, out):
    tokens, categories, block = x.shape
    out[:] = out.dtype.type(0.0)
    for t in range(tokens):
        for c in range(categories):
            row, weight = x[t, c], data[t * categories + c]
            for b in range(block):
                out[b] -= weight * row[b]
            for before in range(categories if t else 0):
                pair = data[(tokens + before) * categories + c]
                for b in range(block):
                    out[b] -= pair * x[t - 1, before, b] * row[b]


def value_at(category, theta, data, out):
    tokens, block = category.shape
    categories = theta.size // tokens
    for b in range(block):
        total = out.dtype.type(0.0)
        for t in range(tokens):
            total -= data[t * categories + category[t, b]]
            if t:
                total -= data[(tokens + category[t - 1, b]) * categories + category[t, b]]
        out[b] = total


def gradient(x, theta, data, out):
    tokens, categories, block = x.shape
    for t in range(tokens):
        for c in range(categories):
            out[t, c] = -data[t * categories + c]
            for other in range(categories):
                before = data[(tokens + other) * categories + c]
                after = data[(tokens + c) * categories + other]
                for b in range(block if t > 0 else 0):
                    out[t, c, b] -= before * x[t - 1, other, b]
                for b in range(block if t < tokens - 1 else 0):
                    out[t, c, b] -= after * x[t + 1, other, b]


def truth(theta, data):
    """f is linear in every token, so its slope enters at the probabilities of the others."""
    categories = int(np.sqrt(data.size - theta.size) + 0.5)
    p = np.exp(theta.reshape(-1, categories))
    p /= p.sum(axis=1, keepdims=True)
    of_token = -data[: theta.size].reshape(p.shape)
    of_pair = -data[theta.size :].reshape(categories, categories)
    of_token[1:] += p[:-1] @ of_pair
    of_token[:-1] += p[1:] @ of_pair.T
    return (p * (of_token - (p * of_token).sum(axis=1, keepdims=True))).ravel()


@problem(family="categorical", symbol="T", dimensions=(2, 8), most=64)
def make(
    dimension,
    *,
    order: Annotated[int, Field(ge=0, le=1, description="1: a token depends on the last")] = 0,
    categories: Annotated[int, Field(ge=2, le=64, description="size of the vocabulary")] = 4,
    skew: Annotated[float, Field(description="standard deviation of the logits")] = 1.0,
    instance: Instance = 0,
):
    """E[-log D(v)/(1 - D(v))] of T tokens v from softmax logits: what a generator minimises.

    The discriminator D is logistic in the tokens and in pairs of neighbours, log D/(1 - D) =
    Σ w_t(v_t) + Σ U(v_{t-1}, v_t), with normal w and U; θ, what the generator makes of its noise,
    is normal with standard deviation `skew`; all from `instance`. On the simplex, f is the same
    form. At order 1 the generator is recurrent: the logits of a token are a row of a table, that
    of the token before it (the last row for the first token), and v is a trajectory.
    """
    weights = constants("normal", (dimension + categories) * categories, instance)
    if order:
        return recurrent(dimension, categories, weights, skew, instance)
    size = dimension * categories
    return Problem(
        family="categorical",
        theta=skew * constants("normal", size, instance, draw=1),
        parts={"logits": size},
        shape=(dimension, categories),
        value=value,
        value_at=value_at,
        gradient=gradient,
        data=weights,
        truth=truth,
    )


def recurrent(tokens, categories, weights, skew, instance):
    """A state is the token before, the last one that there was none; an action is a token."""
    of_token, of_pair = np.split(-weights.reshape(-1, categories), [tokens])
    pairs = np.vstack([of_pair, np.zeros(categories)])
    states, size = categories + 1, (categories + 1) * categories
    return Problem(
        family="trajectory",
        theta=skew * constants("normal", size, instance, draw=1),
        parts={"logits": size},
        shape=(tokens, categories),
        dist_shape=(states, categories),
        data=trajectory.packed(
            np.eye(states)[categories],
            np.broadcast_to(np.eye(states)[:categories], (states, categories, states)),
            of_token[:, None, :] + pairs,
        ),
    )
