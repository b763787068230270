"""The ELBO of 8 pixels under 3 latents of 4, as a user writes it: compiled, in NumPy and in torch.

f(x, θ) = log P(pixels | x) + log p(x) - log q_θ(x), on the simplex linear in x but for the pixels.
"""

import numpy as np

import gumbench

SHAPE, PIXELS = (3, 4), 8
RNG = np.random.default_rng(5)
LOGITS = RNG.normal(size=SHAPE)
WEIGHT = RNG.normal(size=(*SHAPE, PIXELS))
IMAGE = (RNG.random(PIXELS) < 0.5).astype(float)
DATA = np.append(IMAGE, WEIGHT)


def value(x, theta, data, out):
    variables, categories, block = x.shape
    for b in range(block):
        total = 0.0
        for v in range(variables):
            mass = 0.0
            for c in range(categories):
                mass += np.exp(theta[v * categories + c])
            for c in range(categories):
                log_q = theta[v * categories + c] - np.log(mass)
                total -= x[v, c, b] * (log_q + np.log(categories))
        for p in range(8):
            logit = 0.0
            for v in range(variables):
                for c in range(categories):
                    logit += x[v, c, b] * data[8 * (1 + v * categories + c) + p]
            total += data[p] * logit - np.log(1.0 + np.exp(logit))
        out[b] = total


def gradient(x, theta, data, out):
    variables, categories, block = x.shape
    for b in range(block):
        for v in range(variables):
            mass = 0.0
            for c in range(categories):
                mass += np.exp(theta[v * categories + c])
            for c in range(categories):
                log_q = theta[v * categories + c] - np.log(mass)
                out[v, c, b] = -log_q - np.log(categories)
        for p in range(8):
            logit = 0.0
            for v in range(variables):
                for c in range(categories):
                    logit += x[v, c, b] * data[8 * (1 + v * categories + c) + p]
            error = data[p] - 1.0 / (1.0 + np.exp(-logit))
            for v in range(variables):
                for c in range(categories):
                    out[v, c, b] += error * data[8 * (1 + v * categories + c) + p]


def direct(x, theta, data, out):
    variables, categories, block = x.shape
    for v in range(variables):
        mass = 0.0
        for c in range(categories):
            mass += np.exp(theta[v * categories + c])
        for c in range(categories):
            for b in range(block):
                out[v * categories + c, b] = np.exp(theta[v * categories + c]) / mass - x[v, c, b]


def log_q(theta):
    theta = theta.reshape(SHAPE).astype(float)
    return theta - np.log(np.exp(theta).sum(axis=1, keepdims=True))


def numpy_value(x, theta):
    logit = np.einsum("nvc,vcp->np", x, WEIGHT)
    likelihood = (IMAGE * logit - np.logaddexp(0, logit)).sum(axis=1)
    return likelihood - (x * (log_q(theta) + np.log(4))).sum((1, 2))


def numpy_gradient(x, theta):
    logit = np.einsum("nvc,vcp->np", x, WEIGHT)
    error = IMAGE - 1 / (1 + np.exp(-logit))
    return np.einsum("np,vcp->nvc", error, WEIGHT) - log_q(theta) - np.log(4)


def numpy_direct(x, theta):
    return (np.exp(log_q(theta)) - x).reshape(len(x), -1)


compiled = gumbench.CategoricalProblem(LOGITS, value, gradient=gradient, direct=direct, data=DATA)
by_numpy = gumbench.CategoricalProblem(
    LOGITS, numpy_value, gradient=numpy_gradient, direct=numpy_direct, compiled=False
)


def torch_elbo(x, theta):
    import torch

    logit = torch.einsum("nvc,vcp->np", x, torch.tensor(WEIGHT))
    likelihood = (torch.tensor(IMAGE) * logit - torch.nn.functional.softplus(logit)).sum(1)
    log_q = torch.log_softmax(theta.reshape(SHAPE), 1)
    return likelihood - (x * (log_q + np.log(4))).sum((1, 2))


def torch_value(x, theta):
    import torch

    return torch_elbo(torch.tensor(x).double(), torch.tensor(theta).double())


def torch_gradient(x, theta):
    import torch

    x = torch.tensor(x).double().requires_grad_()
    return torch.autograd.grad(torch_elbo(x, torch.tensor(theta).double()).sum(), x)[0]


def torch_direct(x, theta):
    import torch

    x, theta = torch.tensor(x).double(), torch.tensor(theta).double()
    rows = theta.repeat(len(x), 1).requires_grad_()
    total = sum(torch_elbo(x[i : i + 1], rows[i]).sum() for i in range(len(x)))
    return torch.autograd.grad(total, rows)[0]


by_torch = gumbench.CategoricalProblem(
    LOGITS, torch_value, gradient=torch_gradient, direct=torch_direct, compiled=False
)
