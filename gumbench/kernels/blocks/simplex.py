"""One-hot draws and points of the simplex, for kernels: the axis of estimates comes last.

Arrays are (variables, categories, block) unless said otherwise; `category` is (variables, block)
int32. s is a strip of estimates. One pass over the categories goes up, the next one down: it starts
with those that are still in the L1 cache.
"""

import numpy as np

from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.kernels.compiler.jit import helper, inlined
from gumbench.kernels.compiler.strips import broadcast, by_strips, choose


@by_strips
def relax(s, logits, gumbels, temperature, out):
    """out = softmax((θ + G) / τ), a draw of the Concrete distribution."""
    real = out.dtype.type
    inverse = real(1.0) / temperature
    for v in range(out.shape[0]):
        top, total = broadcast(real(-np.inf), s), broadcast(real(0.0), s)
        for c in range(out.shape[1] - 1, -1, -1):
            top = maxima.larger(top, logits[v, c] + gumbels[v, c, s])
        for c in range(out.shape[1]):
            score = (logits[v, c] + gumbels[v, c, s] - top) * inverse
            weight = elementary.exp_nonpositive(score)
            out[v, c, s] = weight
            total += weight
        share = real(1.0) / total
        for c in range(out.shape[1] - 1, -1, -1):
            out[v, c, s] *= share


@by_strips
def softmax(s, x, temperature, out):
    """out = softmax(x / τ); x and out may be the same array."""
    real = out.dtype.type
    inverse = real(1.0) / temperature
    for v in range(out.shape[0]):
        top, total = broadcast(real(-np.inf), s), broadcast(real(0.0), s)
        for c in range(out.shape[1] - 1, -1, -1):
            top = maxima.larger(top, x[v, c, s])
        for c in range(out.shape[1]):
            weight = elementary.exp_nonpositive((x[v, c, s] - top) * inverse)
            out[v, c, s] = weight
            total += weight
        share = real(1.0) / total
        for c in range(out.shape[1] - 1, -1, -1):
            out[v, c, s] *= share


@inlined
def _keep_better(score, category, top, best):
    """The best score and its category, after one more."""
    return maxima.larger(top, score), choose(score > top, np.int32(category), best)


@by_strips
def draw(s, logits, gumbels, category):
    """argmax(θ + G), the first of equals: a draw from softmax θ by the Gumbel-max trick."""
    for v in range(category.shape[0]):
        top, best = broadcast(logits.dtype.type(-np.inf), s), broadcast(np.int32(0), s)
        for c in range(logits.shape[1]):
            top, best = _keep_better(logits[v, c] + gumbels[v, c, s], c, top, best)
        category[v, s] = best


@by_strips
def race(s, weights, exponentials, category):
    """argmin(E / w), a draw from probabilities in proportion to w, those of each estimate."""
    for v in range(category.shape[0]):
        top, best = broadcast(weights.dtype.type(-1.0), s), broadcast(np.int32(0), s)
        for c in range(weights.shape[1]):
            top, best = _keep_better(weights[v, c, s] / exponentials[v, c, s], c, top, best)
        category[v, s] = best


@by_strips
def _exponential_race(s, negative_mean, exponentials, category):
    for v in range(category.shape[0]):
        top, best = broadcast(negative_mean.dtype.type(-np.inf), s), broadcast(np.int32(0), s)
        for c in range(negative_mean.shape[1]):
            top, best = _keep_better(negative_mean[v, c] * exponentials[v, c, s], c, top, best)
        category[v, s] = best


@helper
def negative_means(logits):
    """-1 / exp θ, up to a factor for each variable."""
    out = empty_like(logits)
    for v in range(logits.shape[0]):
        largest = logits[v].max()
        for c in range(logits.shape[1]):
            out[v, c] = -elementary.exp(largest - logits[v, c])
    return out


@helper
def exponential_race(logits, exponentials, category):
    """The same draw, up to rounding, by argmin(E / exp θ) with G = -log E: a logarithm less."""
    _exponential_race(negative_means(logits), exponentials, category)


def no_draws(dist_params, table, noise):
    """What draws where an estimator asks for no draw."""


def race_draws(dist_params, table, noise):
    """Draws by `exponential_race`, from the last arrays of exponentials."""
    first = noise.by_category.shape[0] - noise.draws.shape[0]
    for k in range(noise.draws.shape[0]):
        exponential_race(dist_params, noise.by_category[first + k], noise.draws[k])


@helper
def search(cdf, uniform, category):
    """category (block,) = the first with a distribution function above the uniform (block,)."""
    category[:] = np.int32(0)
    step = np.int32(cdf.size // 2)
    while step > 0:
        for b in range(uniform.size):
            beyond = np.uint64(category[b] + step) - np.uint64(1)
            category[b] += step if cdf[beyond] <= uniform[b] else np.int32(0)
        step //= np.int32(2)


def inverse_cdf_draws(dist_params, table, noise):
    """Draws by the distribution function, from the last arrays of uniforms by variable.

    table : (variables, width) flat, P(category ≤ c) for each c, width a power of two; ∞ from the
        last category on that can be drawn
    """
    variables = noise.draws.shape[1]
    first = noise.by_variable.shape[0] - noise.draws.shape[0]
    width = table.size // variables
    for k in range(noise.draws.shape[0]):
        for v in range(variables):
            cdf = table[v * width : (v + 1) * width]
            search(cdf, noise.by_variable[first + k, v], noise.draws[k, v])


@by_strips
def one_hot(s, category, out):
    """out = the one-hot vectors of a draw."""
    zero, one = out.dtype.type(0.0), out.dtype.type(1.0)
    for v in range(out.shape[0]):
        drawn = category[v, s]
        for c in range(out.shape[1]):
            out[v, c, s] = choose(drawn == c, one, zero)


@helper
def value_of_draw(category, objective, evaluation, categories, out):
    """out (block,) = f at a draw, with its reward noise where the objective has any.

    evaluation: the number of this evaluation of f within the estimate.
    """
    if objective.has_value_at:
        objective.value_at(category, objective.theta, objective.data, out)
    else:
        x = empty((category.shape[0], categories, category.shape[1]), out.dtype)
        one_hot(category, x)
        objective.value(x, objective.theta, objective.data, out)
    if objective.reward_noise.shape[0]:
        noise = objective.reward_noise[evaluation]
        for b in range(out.size):
            out[b] += noise[b]


@helper
def values_of_draws(draws, objective, categories, out, theta_gradient):
    """out (n, block) = f at n draws (n, variables, block); the mean of ∂f/∂θ there is added."""
    share = out.dtype.type(1.0) / out.dtype.type(draws.shape[0])
    for k in range(draws.shape[0]):
        value_of_draw(draws[k], objective, k, categories, out[k])
        add_direct_of_draw(draws[k], objective, categories, share, theta_gradient)


@by_strips
def score(s, probabilities, category, weight, out):
    """out = weight · (D - p), the score of a draw; probabilities flat, weight (block,)."""
    zero = out.dtype.type(0.0)
    for v in range(out.shape[0]):
        drawn = category[v, s]
        for c in range(out.shape[1]):
            p = probabilities[v * out.shape[1] + c]
            # Compared, for places in memory that depend on the draw do not vectorise.
            out[v, c, s] = choose(drawn == c, weight[s], zero) - weight[s] * p


@helper
def centered_score(draws, weights, out):
    """out = Σ_k weight_k (D_k - p) for weights (n, block) whose sum is 0, so that p drops out."""
    zero = out.dtype.type(0.0)
    out[:] = zero
    for k in range(draws.shape[0]):
        for v in range(out.shape[0]):
            for c in range(out.shape[1]):
                category = np.int32(c)
                for b in range(out.shape[2]):
                    out[v, c, b] += weights[k, b] if draws[k, v, b] == category else zero


@helper
def gradient_of_draw(category, objective, out):
    """out = ∂f/∂x at the one-hot vectors of a draw."""
    x = empty_like(out)
    one_hot(category, x)
    objective.gradient(x, objective.theta, objective.data, out)


@by_strips
def expectation_pullback(s, probabilities, g, out):
    """out = J(p) g at one p for the whole block; probabilities flat."""
    for v in range(g.shape[0]):
        first, pivot, mean = v * g.shape[1], g[v, 0, s], broadcast(g.dtype.type(0.0), s)
        for c in range(g.shape[1] - 1, -1, -1):
            mean += probabilities[first + c] * (g[v, c, s] - pivot)
        for c in range(g.shape[1]):
            out[v, c, s] = probabilities[first + c] * ((g[v, c, s] - pivot) - mean)


@by_strips
def covariance_pullback(s, probabilities, category, g, out):
    """out = (D - p)(D - p)ᵀ g at one p for the whole block; probabilities flat."""
    zero = broadcast(out.dtype.type(0.0), s)
    for v in range(g.shape[0]):
        first, drawn, pivot, inner = v * g.shape[1], category[v, s], g[v, 0, s], zero
        for c in range(g.shape[1] - 1, -1, -1):
            kept, p = g[v, c, s] - pivot, probabilities[first + c]
            inner += choose(drawn == c, kept, zero) - p * kept
        for c in range(g.shape[1]):
            out[v, c, s] = choose(drawn == c, inner, zero) - probabilities[first + c] * inner


@by_strips
def inner_with_score(s, probabilities, category, g, out):
    """out (block,) = gᵀ (D - p); probabilities flat."""
    total = broadcast(out.dtype.type(0.0), s)
    for v in range(g.shape[0]):
        drawn, pivot = category[v, s], g[v, 0, s]
        for c in range(g.shape[1]):
            kept = g[v, c, s] - pivot
            zero = broadcast(out.dtype.type(0.0), s)
            total += choose(drawn == c, kept, zero) - probabilities[v * g.shape[1] + c] * kept
    out[s] = total


@by_strips
def scale(s, factor, out):
    """out = factor · out."""
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[v, c, s] *= factor


@by_strips
def copy(s, x, out):
    """out = x; an assignment of whole arrays would check their shapes, and raise with a text."""
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[v, c, s] = x[v, c, s]


@by_strips
def add_weighted(s, x, weight, out):
    """Add weight · x to out."""
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[v, c, s] += weight * x[v, c, s]


@helper
def add_direct(x, objective, weight, theta_gradient):
    """Add weight · ∂f/∂θ at fixed x to `theta_gradient`, where the objective has it."""
    if theta_gradient.shape[0]:
        term = empty_like(theta_gradient)
        objective.direct(x, objective.theta, objective.data, term)
        for p in range(theta_gradient.shape[0]):
            for b in range(theta_gradient.shape[1]):
                theta_gradient[p, b] += weight * term[p, b]


@helper
def add_direct_of_draw(category, objective, categories, weight, theta_gradient):
    """`add_direct` at the one-hot vectors of a draw."""
    if theta_gradient.shape[0]:
        x = empty((category.shape[0], categories, category.shape[1]), theta_gradient.dtype)
        one_hot(category, x)
        add_direct(x, objective, weight, theta_gradient)


@by_strips
def softmax_pullback(s, y, scale, g):
    """g = scale · J(y) g with J(y) = diag y - y yᵀ, the transposed Jacobian of a softmax.

    g enters less its first row: J(y) 1 = 0 only up to the rounding of Σ y, which a large constant
    in g would bring out.
    """
    for v in range(y.shape[0]):
        pivot, mean = g[v, 0, s], broadcast(y.dtype.type(0.0), s)
        for c in range(y.shape[1] - 1, -1, -1):
            mean += y[v, c, s] * (g[v, c, s] - pivot)
        for c in range(y.shape[1]):
            g[v, c, s] = scale * y[v, c, s] * ((g[v, c, s] - pivot) - mean)
