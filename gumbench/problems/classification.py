"""Mean loss of labels drawn by a softmax classifier of real digits."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from gumbench.kernels.compiler import elementary
from gumbench.kernels.random.noise import constants
from gumbench.problems.categorical_vae import PIXELS, arrays
from gumbench.settings import Instance
from gumbench.types import Problem, problem

CLASSES = 10
# A drawn label that is wrong would have an infinite cross entropy: this much is left to it.
SMOOTHING = 0.05

# data: 1 for the cross entropy, else 0; then for each image its label and its 64 pixels.


def value(x, theta, data, out):
    real = out.dtype.type
    one, rest = real(1.0), real(SMOOTHING)
    scale = one / real(x.shape[0])
    out[:] = real(0.0)
    for v in range(x.shape[0]):
        row = x[v, np.int64(data[1 + v * (PIXELS + 1)])]
        for b in range(out.size):
            if data[0] > 0:
                out[b] -= scale * elementary.log(rest + (one - rest) * row[b])
            else:
                out[b] += scale * (one - row[b])


def gradient(x, theta, data, out):
    real = out.dtype.type
    one, rest = real(1.0), real(SMOOTHING)
    scale = one / real(x.shape[0])
    out[:] = real(0.0)
    for v in range(x.shape[0]):
        truth = np.int64(data[1 + v * (PIXELS + 1)])
        row, result = x[v, truth], out[v, truth]
        for b in range(row.size):
            if data[0] > 0:
                result[b] = -scale * (one - rest) / (rest + (one - rest) * row[b])
            else:
                result[b] = -scale


def forward(theta, data, out):
    for v in range(out.shape[0]):
        pixels = data[2 + v * (PIXELS + 1) :]
        for c in range(out.shape[1]):
            logit = theta[c * PIXELS] * pixels[0]
            for p in range(1, PIXELS):
                logit += theta[c * PIXELS + p] * pixels[p]
            out[v, c] = logit


def pullback(g, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for v in range(g.shape[0]):
        pixels = data[2 + v * (PIXELS + 1) :]
        for c in range(g.shape[1]):
            row = g[v, c]
            for p in range(PIXELS):
                weight, result = pixels[p], out[c * PIXELS + p]
                for b in range(row.size):
                    result[b] += weight * row[b]


def truth(theta, data):
    images = data[1:].reshape(-1, PIXELS + 1)
    labels, pixels = images[:, 0].astype(int), images[:, 1:]
    logits = (pixels[:, None, :] * theta.reshape(1, CLASSES, PIXELS)).sum(axis=2)
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    right = np.eye(CLASSES)[labels]
    f = -np.log(SMOOTHING + (1 - SMOOTHING) * right) if data[0] > 0 else 1 - right
    by_logit = weight * (f - (weight * f).sum(axis=1, keepdims=True)) / len(images)
    return (by_logit[:, :, None] * pixels[:, None, :]).sum(axis=0).ravel()


@problem(
    family="categorical",
    symbol="D",
    dimensions=(1, 8, 64),
    most=1797,
)
def make(
    dimension,
    *,
    loss: Literal["zero-one", "cross-entropy"] = "zero-one",
    spread: Annotated[float, Field(description="standard deviation of the logits, about")] = 1.0,
    instance: Instance = 0,
):
    """Mean loss of the labels drawn by a softmax classifier for D real 8x8 digits.

    Label k of an image x has the logit x · θ_k; the gradient is in the weights θ (10 × 64), which
    are normal, from `instance`, so that logits have a standard deviation of about `spread`. The
    loss is zero-one, 1 - x_y on the simplex, or cross-entropy, -log(0.05 + 0.95 x_y).
    """
    images, labels = arrays()["images"][:dimension], arrays()["labels"][:dimension]
    scale = spread / np.sqrt((arrays()["images"] ** 2).sum(axis=1).mean())
    rows = np.concatenate([labels[:, None], images], axis=1)
    return Problem(
        family="categorical",
        theta=scale * constants("normal", CLASSES * PIXELS, instance),
        parts={"weights": CLASSES * PIXELS},
        shape=(dimension, CLASSES),
        value=value,
        gradient=gradient,
        link=(forward, pullback),
        data=np.append(float(loss == "cross-entropy"), rows.ravel()),
        truth=truth,
    )
