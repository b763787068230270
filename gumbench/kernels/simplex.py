"""Block-last operations on points of the simplex and on one-hot draws.

Arrays are (variables, categories, block) unless said otherwise; `index` is (variables, block)
int32; sums over categories run in category order, lane by lane.
"""

import numpy as np
from numba import types

from gumbench.kernels import elementary, maxima
from gumbench.kernels.arrays import empty, empty_like
from gumbench.kernels.jit import REALS, driver, helper, inlined


@helper
def relax(logits, gumbels, temperature, out):
    """out = softmax((θ + G) / τ), a draw of the Concrete distribution."""
    real = out.dtype.type
    block = out.shape[2]
    inverse = real(1.0) / temperature
    top = empty((block,), out.dtype)
    total = empty((block,), out.dtype)
    for v in range(out.shape[0]):
        top[:] = real(-np.inf)
        for c in range(out.shape[1]):
            logit = logits[v, c]
            for b in range(block):
                top[b] = maxima.larger(top[b], logit + gumbels[v, c, b])
        total[:] = real(0.0)
        for c in range(out.shape[1]):
            logit = logits[v, c]
            for b in range(block):
                score = (logit + gumbels[v, c, b] - top[b]) * inverse
                out[v, c, b] = elementary.exp_nonpositive(score)
                total[b] += out[v, c, b]
        for b in range(block):
            total[b] = real(1.0) / total[b]
        for c in range(out.shape[1]):
            for b in range(block):
                out[v, c, b] *= total[b]


@inlined
def _keep_better(score, category, v, b, index, top):
    """Give index[v, b] to a category whose score is above top[b], the best of those before it."""
    # Categories come in order: a better one is the largest so far.
    better = category if score > top[b] else np.int32(0)
    index[v, b] = maxima.larger(index[v, b], better)
    top[b] = maxima.larger(top[b], score)


@helper
def draw(logits, gumbels, index):
    """index = argmax(θ + G), the first of equals: a draw from softmax θ (the Gumbel-max trick)."""
    top = empty((gumbels.shape[2],), gumbels.dtype)
    for v in range(gumbels.shape[0]):
        index[v] = np.int32(0)
        top[:] = top.dtype.type(-np.inf)
        for c in range(gumbels.shape[1]):
            logit, category = logits[v, c], np.int32(c)
            for b in range(top.size):
                _keep_better(logit + gumbels[v, c, b], category, v, b, index, top)


@helper
def race(logits, exponentials, index):
    """The same draw, up to rounding, by argmin(E / exp θ) with G = -log E: a logarithm less."""
    real = logits.dtype.type
    slowness = empty((logits.shape[1],), logits.dtype)
    top = empty((exponentials.shape[2],), logits.dtype)
    for v in range(exponentials.shape[0]):
        largest = real(-np.inf)
        for c in range(slowness.size):
            largest = max(largest, logits[v, c])
        for c in range(slowness.size):
            slowness[c] = -elementary.exp(largest - logits[v, c])
        index[v] = np.int32(0)
        top[:] = real(-np.inf)
        for c in range(slowness.size):
            slow, category = slowness[c], np.int32(c)
            for b in range(top.size):
                _keep_better(slow * exponentials[v, c, b], category, v, b, index, top)


@helper
def one_hot(index, out):
    """out = the one-hot vectors of a draw."""
    zero, one = out.dtype.type(0.0), out.dtype.type(1.0)
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            category = np.int32(c)
            for b in range(out.shape[2]):
                out[v, c, b] = one if index[v, b] == category else zero


@helper
def value_of_draw(index, objective, evaluation, categories, out):
    """out (block,) = f at a draw, with its feedback noise where the objective has any.

    evaluation: the number of this evaluation of f within the estimate.
    """
    if objective.indexed:
        objective.value_at(index, objective.theta, objective.data, out)
    else:
        x = empty((index.shape[0], categories, index.shape[1]), out.dtype)
        one_hot(index, x)
        objective.value(x, objective.theta, objective.data, out)
    if objective.feedback.shape[0]:
        noise = objective.feedback[evaluation]
        for b in range(out.size):
            out[b] += noise[b]


@helper
def score(probabilities, index, weight, out):
    """out = weight · (D - p), the score of a draw; probabilities flat, weight (block,)."""
    zero = out.dtype.type(0.0)
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            p, category = probabilities[v * out.shape[1] + c], np.int32(c)
            for b in range(weight.size):
                # Compared, for places in memory that depend on the draw do not vectorise.
                of_draw = weight[b] if index[v, b] == category else zero
                out[v, c, b] = of_draw - weight[b] * p


@helper
def gradient_of_draw(index, objective, out):
    """out = ∂f/∂x at the one-hot vectors of a draw."""
    x = empty_like(out)
    one_hot(index, x)
    objective.gradient(x, objective.theta, objective.data, out)


@helper
def expectation_pullback(probabilities, g, out):
    """out = J(p) g at one p for the whole block; probabilities flat."""
    block = g.shape[2]
    mean = empty((block,), g.dtype)
    for v in range(g.shape[0]):
        first, pivot = v * g.shape[1], g[v, 0]
        mean[:] = g.dtype.type(0.0)
        for c in range(g.shape[1]):
            p = probabilities[first + c]
            for b in range(block):
                mean[b] += p * (g[v, c, b] - pivot[b])
        for c in range(g.shape[1]):
            p = probabilities[first + c]
            for b in range(block):
                out[v, c, b] = p * ((g[v, c, b] - pivot[b]) - mean[b])


@helper
def add_direct(x, objective, weight, extra):
    """Add weight · ∂f/∂θ at fixed x to `extra`, where the objective has it."""
    if extra.shape[0]:
        term = empty_like(extra)
        objective.direct(x, objective.theta, objective.data, term)
        for p in range(extra.shape[0]):
            for b in range(extra.shape[1]):
                extra[p, b] += weight * term[p, b]


@helper
def add_direct_of_draw(index, objective, categories, weight, extra):
    """`add_direct` at the one-hot vectors of a draw."""
    if extra.shape[0]:
        x = empty((index.shape[0], categories, index.shape[1]), extra.dtype)
        one_hot(index, x)
        add_direct(x, objective, weight, extra)


@helper
def softmax_pullback(y, scale, g):
    """g = scale · J(y) g with J(y) = diag y - y yᵀ, the transposed Jacobian of a softmax.

    g enters less its first row: J(y) 1 = 0 only up to the rounding of Σ y, which a large constant
    in g would bring out.
    """
    block = y.shape[2]
    pivot = empty((block,), y.dtype)
    mean = empty((block,), y.dtype)
    for v in range(y.shape[0]):
        pivot[:] = g[v, 0]
        mean[:] = y.dtype.type(0.0)
        for c in range(y.shape[1]):
            for b in range(block):
                mean[b] += y[v, c, b] * (g[v, c, b] - pivot[b])
        for c in range(y.shape[1]):
            for b in range(block):
                g[v, c, b] = scale * y[v, c, b] * ((g[v, c, b] - pivot[b]) - mean[b])


def _relax_signature(dtype):
    real = REALS[dtype]
    cube = types.Array(real, 3, "C")
    return types.void(types.Array(real, 2, "C"), cube, real, cube)


@driver(_relax_signature, parallel=False)
def relax_array(logits, gumbels, temperature, out):
    """`relax` for Python callers: logits (1, categories), gumbels (1, categories, n), τ, out."""
    relax(logits, gumbels, temperature, out)
