"""A control variate c(y) = η f(y) + Σ (w y + q y²) on the simplex, for kernels.

weights (2, variables, categories) flat are w, then q; an empty array stands for none.
"""

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.jit import helper
from gumbench.kernels.compiler.strips import by_strips


@by_strips
def _add_value(s, y, weights, out):
    variables, categories = y.shape[0], y.shape[1]
    total = out[s]
    for v in range(variables):
        for c in range(categories):
            place, item = v * categories + c, y[v, c, s]
            total += item * (weights[place] + weights[variables * categories + place] * item)
    out[s] = total


@by_strips
def _add_gradient(s, y, weights, out):
    variables, categories = y.shape[0], y.shape[1]
    two = out.dtype.type(2.0)
    for v in range(variables):
        for c in range(categories):
            place = v * categories + c
            square = two * weights[variables * categories + place]
            out[v, c, s] += weights[place] + square * y[v, c, s]


@helper
def value(y, objective, eta, weights, out):
    """out (block,) = c(y)."""
    objective.value(y, objective.theta, objective.data, out)
    for b in range(out.size):
        out[b] *= eta
    if weights.size:
        _add_value(y, weights, out)


@helper
def gradient(y, objective, eta, weights, out):
    """out = ∂c/∂y."""
    objective.gradient(y, objective.theta, objective.data, out)
    simplex.scale(eta, out)
    if weights.size:
        _add_gradient(y, weights, out)
