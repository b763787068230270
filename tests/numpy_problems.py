"""The built-in problems once more, in plain NumPy; x is (n, variables, categories).

Each entry gives f, ∂f/∂x and ∂f/∂θ as functions of x, from the bound problem's rounded numbers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Plain:
    f: Any
    gradient: Any = None
    direct: Any = None


def gaussian_quadratic(bound):
    return Plain(lambda z: (z**2).sum((1, 2)), lambda z: 2 * z)


def gaussian_kl(bound):
    mean, scale = bound.theta.reshape(2, -1, 1)

    def f(z):
        log_q = -0.5 * ((z - mean) / scale) ** 2 - np.log(scale)
        return (log_q + 0.5 * z**2).sum((1, 2))

    def direct(z):
        e = ((z - mean) / scale)[:, :, 0]
        return np.concatenate([e / scale[:, 0], (e**2 - 1) / scale[:, 0]], axis=1)

    return Plain(f, lambda z: z - (z - mean) / scale**2, direct)


def gaussian_cosine(bound):
    k = bound.data[0]
    return Plain(lambda z: np.cos(k * z).sum((1, 2)), lambda z: -k * np.sin(k * z))


def gaussian_exponential(bound):
    k = bound.data[0]
    return Plain(lambda z: np.exp(-k * z**2).sum((1, 2)), lambda z: -2 * k * z * np.exp(-k * z**2))


def gaussian_shifted(bound):
    k = bound.data[0]
    return Plain(lambda z: ((z - k) ** 2).sum((1, 2)), lambda z: 2 * (z - k))


def gaussian_vae(bound):
    mean, scale = bound.theta.reshape(2, -1, 1)
    image, bias = bound.data[:64], bound.data[64:128]
    rows = bound.data[128:].reshape(-1, 64)

    def f(z):
        pixel = z[:, :, 0] @ rows + bias
        likelihood = (image * pixel - np.logaddexp(0, pixel)).sum(axis=1)
        log_q = -0.5 * ((z - mean) / scale) ** 2 - np.log(scale)
        return likelihood - (log_q + 0.5 * z**2).sum((1, 2))

    def gradient(z):
        error = image - 1 / (1 + np.exp(-(z[:, :, 0] @ rows + bias)))
        return (error @ rows.T)[:, :, None] - z + (z - mean) / scale**2

    def direct(z):
        e = ((z - mean) / scale)[:, :, 0]
        return -np.concatenate([e / scale[:, 0], (e**2 - 1) / scale[:, 0]], axis=1)

    return Plain(f, gradient, direct)


def gaussian_step(bound):
    return Plain(lambda z: (z > bound.data[0]).sum((1, 2)).astype(float))


def bernoulli_sum(bound):
    t, variables = bound.data[0], bound.problem.shape[0]

    def gradient(x):
        g = np.zeros_like(x)
        g[:, :, 1] = 2 * (x[:, :, 1] - t) / variables
        return g

    return Plain(lambda x: ((x[:, :, 1] - t) ** 2).mean(axis=1), gradient)


def categorical_quadratic(bound):
    b = bound.data[:-1]
    return Plain(lambda x: ((x[:, 0] - b) ** 2).sum(axis=1), lambda x: 2 * (x - b))


def categorical_linear(bound):
    f = bound.data
    return Plain(lambda x: x[:, 0] @ f, lambda x: np.broadcast_to(f, x.shape))


def categorical_nonseparable(bound):
    size = bound.theta.size
    matrix = bound.data.reshape(size, size)

    def flat(x):
        return x.reshape(len(x), -1)

    return Plain(
        lambda x: np.einsum("ni,ij,nj->n", flat(x), matrix, flat(x)),
        lambda x: (flat(x) @ (matrix + matrix.T)).reshape(x.shape),
    )


def polynomial(bound):
    exponent, point = bound.data

    def gradient(x):
        g, distance = np.zeros_like(x), x[:, :, 1] - point
        g[:, :, 1] = exponent * np.sign(distance) * np.abs(distance) ** (exponent - 1)
        return g

    return Plain(lambda x: (np.abs(x[:, :, 1] - point) ** exponent).sum(axis=1), gradient)


def published(bound):
    constant, rest = bound.data[0], bound.data[1:]
    slope, curvature = rest.reshape(2, *bound.problem.shape)
    return Plain(
        lambda x: constant + ((slope + curvature * x) * x).sum((1, 2)),
        lambda x: slope + 2 * curvature * x,
    )


def discrete_gan(bound):
    tokens, categories = bound.problem.shape
    weights = bound.data[: tokens * categories].reshape(tokens, categories)
    pairs = bound.data[tokens * categories :].reshape(categories, categories)

    def f(x):
        of_pairs = np.einsum("ntc,cd,ntd->n", x[:, :-1], pairs, x[:, 1:])
        return -(x * weights).sum((1, 2)) - of_pairs

    def gradient(x):
        g = np.broadcast_to(-weights, x.shape).copy()
        g[:, 1:] -= x[:, :-1] @ pairs
        g[:, :-1] -= x[:, 1:] @ pairs.T
        return g

    return Plain(f, gradient)


def categorical_vae(bound):
    variables, categories = bound.problem.shape
    image, bias = bound.data[:64], bound.data[64:128]
    decoder = bound.data[128:].reshape(variables, categories, 64)
    theta = bound.theta.reshape(variables, categories)
    log_q = theta - np.log(np.exp(theta).sum(axis=1, keepdims=True))

    def pixels(x):
        return np.einsum("nvc,vcp->np", x, decoder) + bias

    def f(x):
        logit = pixels(x)
        likelihood = (image * logit - np.logaddexp(0, logit)).sum(axis=1)
        return likelihood - (x * (log_q + np.log(categories))).sum((1, 2))

    def gradient(x):
        error = image - 1 / (1 + np.exp(-pixels(x)))
        return np.einsum("np,vcp->nvc", error, decoder) - log_q - np.log(categories)

    return Plain(f, gradient, lambda x: (np.exp(log_q) - x).reshape(len(x), -1))


def word_vectors(bound):
    s = bound.data[: bound.problem.shape[1]]

    def slope(x):
        return -1 / (1 + np.exp(x[:, 0] @ s))

    return Plain(
        lambda x: np.logaddexp(0, -(x[:, 0] @ s)), lambda x: slope(x)[:, None, None] * s[None, None]
    )


def classification(bound):
    images = bound.data[1:].reshape(-1, 65)
    labels = images[:, 0].astype(int)
    every = np.arange(len(labels))
    entropy = bound.data[0] > 0

    def f(x):
        right = x[:, every, labels]
        return (-np.log(0.05 + 0.95 * right) if entropy else 1 - right).mean(axis=1)

    def gradient(x):
        right = x[:, every, labels]
        g = np.zeros_like(x)
        g[:, every, labels] = (-0.95 / (0.05 + 0.95 * right) if entropy else -1.0) / len(labels)
        return g

    return Plain(f, gradient)


def trajectory(bound):
    """Its tables say all."""
    return Plain(None)


def pull_back(bound, dist_params):
    """A gradient in distribution parameters (n, ...) as one in θ, for every link there is."""
    name, data = bound.problem.name, bound.data
    if name == "gaussian-quadratic":
        return data[0] * dist_params[:, 0]
    if name.startswith("bernoulli") or name == "polynomial":
        return dist_params[:, :, 1]
    if name == "trajectory-bernoulli":
        return dist_params[:, 0, 1:]
    if name == "random-walk":
        place = np.arange(1.0, bound.dist_params.shape[0])
        rate = place / np.exp(bound.theta[0])
        by_log_p = rate * dist_params[:, 1:, 1] - rate / np.expm1(rate) * dist_params[:, 1:, 0]
        return by_log_p.sum(axis=1, keepdims=True)
    if name == "word-vectors":
        words = bound.problem.shape[1]
        return dist_params[:, 0] @ data[words:].reshape(words, -1)
    if name == "classification":
        pixels = data[1:].reshape(-1, 65)[:, 1:]
        return np.einsum("ndc,dp->ncp", dist_params, pixels).reshape(len(dist_params), -1)
    return dist_params.reshape(len(dist_params), -1)


PROBLEMS = {
    "gaussian-quadratic": gaussian_quadratic,
    "gaussian-kl": gaussian_kl,
    "gaussian-step": gaussian_step,
    "gaussian-cosine": gaussian_cosine,
    "gaussian-exponential": gaussian_exponential,
    "gaussian-shifted": gaussian_shifted,
    "gaussian-vae": gaussian_vae,
    "categorical-nonseparable": categorical_nonseparable,
    "polynomial": polynomial,
    "published": published,
    "trajectory-bernoulli": trajectory,
    "trajectory-mdp": trajectory,
    "random-walk": trajectory,
    "discrete-gan": discrete_gan,
    "bernoulli-toy": bernoulli_sum,
    "bernoulli-sum": bernoulli_sum,
    "categorical-quadratic": categorical_quadratic,
    "categorical-linear": categorical_linear,
    "categorical-vae": categorical_vae,
    "word-vectors": word_vectors,
    "classification": classification,
}
