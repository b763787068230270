"""A decoder with one hidden layer: compiled, and in torch with its gradient by autograd."""

import numpy as np

import gumbench

SHAPE, HIDDEN = (2, 3), 4
GENERATOR = np.random.default_rng(3)
LOGITS = GENERATOR.normal(size=SHAPE)
FIRST = GENERATOR.normal(size=(6, HIDDEN))
SECOND = GENERATOR.normal(size=HIDDEN)


def value(x, theta, data, out):
    variables, categories, block = x.shape
    hidden = data.size // (variables * categories + 1)
    second = variables * categories * hidden
    out[:] = 0.0
    for h in range(hidden):
        for b in range(block):
            total = out[b] - out[b]
            for v in range(variables):
                for c in range(categories):
                    total += data[(v * categories + c) * hidden + h] * x[v, c, b]
            out[b] += data[second + h] * np.tanh(total)


def gradient(x, theta, data, out):
    variables, categories, block = x.shape
    hidden = data.size // (variables * categories + 1)
    second = variables * categories * hidden
    out[:] = 0.0
    for h in range(hidden):
        for b in range(block):
            total = x[0, 0, b] - x[0, 0, b]
            for v in range(variables):
                for c in range(categories):
                    total += data[(v * categories + c) * hidden + h] * x[v, c, b]
            slope = np.tanh(total)
            slope = data[second + h] * (1 - slope * slope)
            for v in range(variables):
                for c in range(categories):
                    out[v, c, b] += slope * data[(v * categories + c) * hidden + h]


compiled = gumbench.CategoricalProblem(
    LOGITS, value, gradient=gradient, data=np.concatenate([FIRST.ravel(), SECOND])
)


def by_torch(dimension=2):
    """The same in torch; a function, for this file is also read where torch is not installed."""
    import torch

    def decode(x):
        first, second = (torch.as_tensor(w, dtype=x.dtype) for w in (FIRST, SECOND))
        return torch.tanh(x.flatten(1) @ first) @ second

    def torch_value(x):
        return decode(torch.as_tensor(x))

    def torch_gradient(x):
        x = torch.as_tensor(x).requires_grad_()
        (found,) = torch.autograd.grad(decode(x).sum(), x)
        return found

    return gumbench.CategoricalProblem(LOGITS, torch_value, gradient=torch_gradient, compiled=False)
