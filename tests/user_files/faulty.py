"""Everything a user's file can have wrong; what a name is for is said where it is tried."""

import numba
import numpy as np
from helpers import raising_helper

import gumbench

LOGITS = np.linspace(0, 1, 4)
TARGET = np.array([0.0, 0.5, 1.5, -1.0])
NUMBERS = [1.0, 2.0]


def value(x, theta, data, out):
    out[:] = 0.0
    for c in range(x.shape[1]):
        for b in range(out.size):
            difference = x[0, c, b] - data[c]
            out[b] += difference * difference


def problem(value=value, **more):
    return gumbench.CategoricalProblem(LOGITS, value, data=TARGET, **more)


def steep(x, theta, data, out):
    for c in range(x.shape[1]):
        for b in range(x.shape[2]):
            out[0, c, b] = 3 * (x[0, c, b] - data[c])


def outside(x, theta, data, out):
    out[:] = 0.0
    for b in range(out.size):
        out[b] = data[x.shape[1]]


def raises(x, theta, data, out):
    out[:] = 0.0
    if x[0, 0, 0] > 2:
        raise ValueError("too large")


def asserts(x, theta, data, out):
    out[:] = 0.0
    assert x[0, 0, 0] < 2


@numba.njit
def helper(a):
    if a > 2:
        raise ValueError("too large in the helper")
    return a


def raises_inside(x, theta, data, out):
    for b in range(out.size):
        out[b] = helper(x[0, 0, b])


def raises_beside(x, theta, data, out):
    for b in range(out.size):
        out[b] = raising_helper(x[0, 0, b])


def captures_array(x, theta, data, out):
    out[:] = TARGET[0]


def captures_list(x, theta, data, out):
    out[:] = NUMBERS[0]


def not_compiled_helper(x):
    return x[0, 0]


def calls_plainly(x, theta, data, out):
    out[:] = not_compiled_helper(x)


def overflows(x, theta, data, out):
    for b in range(out.size):
        large = np.exp(x.dtype.type(100.0) * x[0, 0, b])
        out[b] = large / (1 + large)


def unwritten(x, theta, data, out):
    out[0] = 0.0


def uncompilable(x, theta, data, out):
    out[:] = 0.0
    x.nothing(3)


def three(x, theta, out):
    out[:] = 0.0


def one_everywhere(category, theta, data, out):
    for b in range(out.size):
        out[b] = 1.0


def shifted(x, theta, data, out):
    for b in range(out.size):
        out[b] = theta[1] * x[0, 0, b]


def direct_of_another(x, theta, data, out):
    out[:] = 0.0
    for b in range(out.shape[1]):
        out[2, b] = x[0, 0, b]


def forward(theta, data, out):
    for c in range(out.shape[1]):
        out[0, c] = theta[0] * c


def pullback(g, theta, data, out):
    out[:] = 0.0
    for c in range(g.shape[1]):
        for b in range(g.shape[2]):
            out[0, b] += c * g[0, c, b]


def pullback_of_ones(g, theta, data, out):
    out[:] = 0.0
    for c in range(g.shape[1]):
        for b in range(g.shape[2]):
            out[0, b] += g[0, c, b]


def forward_of_some(theta, data, out):
    out[0, 0] = theta[0]


def linked(logits, link):
    return gumbench.CategoricalProblem(logits, value, data=TARGET, link=link, theta=[1.0])


gradient_wrong = problem(gradient=steep)
index_outside = problem(outside)
has_raise = problem(raises)
has_assert = problem(asserts)
helper_raises = problem(raises_inside)
neighbour_raises = problem(raises_beside)
array_captured = problem(captures_array)
list_captured = problem(captures_list)
helper_plain = problem(calls_plainly)
overflowing = problem(overflows)
out_unwritten = problem(unwritten)
not_compiling = problem(uncompilable)
three_arguments = problem(three)
value_at_wrong = problem(value_at=one_everywhere)
direct_wrong = problem(shifted, direct=direct_of_another)
pullback_wrong = linked(np.arange(4.0), (forward, pullback_of_ones))
logits_differ = linked(np.arange(4.0) + 0.5, (forward, pullback))
forward_unwritten = linked(np.arange(4.0), (forward_of_some, pullback))
truth_wrong = problem(truth=np.ones(4))
truth_short = problem(truth=lambda theta, data: np.ones(3))
truth_raises = problem(truth=lambda theta, data: theta[7])


def z_value(x, theta, data, out):
    out[:] = 0.0
    for v in range(x.shape[0]):
        for b in range(out.size):
            out[b] += x[v, 0, b] ** 3


def z_gradient(x, theta, data, out):
    for v in range(x.shape[0]):
        for b in range(x.shape[2]):
            out[v, 0, b] = (4 if v == 2 else 3) * x[v, 0, b] ** 2


gaussian_wrong = gumbench.GaussianProblem([0.0, 1.0, 2.0, 3.0], 1.0, z_value, gradient=z_gradient)


def plain(value, **more):
    return problem(value, compiled=False, **more)


def divides(x):
    return 1 / 0


def indexes(x):
    return x[:, 0, 9]


plain_raises = plain(divides)
plain_outside = plain(indexes)
plain_shape = plain(lambda x: x[0])
plain_words = plain(lambda x: "word")
plain_nan = plain(lambda x: x[:, 0, 0] * np.nan)
plain_gradient_wrong = plain(lambda x: (x**2).sum((1, 2)), gradient=lambda x: 3 * x)
plain_direct_wrong = plain(lambda x: x[:, 0, 0], direct=lambda x: x[:, 0])


def makes_raise(dimension=4):
    raise RuntimeError("no such thing")


def makes_number(dimension=4):
    return 3


def makes_nan(dimension=4):
    return gumbench.CategoricalProblem(np.full(dimension, np.nan), value)


def has_no_default(dimension=4, *, skew):
    return problem()


def default_of_word(dimension="four"):
    return problem()


number = 3


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def shapeless(problem, noise, temperature, inner_samples):
    return np.zeros(3)


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def nan(problem, noise, temperature, inner_samples):
    return noise.gumbel() * np.nan


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def asking_for_a_mean(problem, noise, temperature, inner_samples):
    return problem.mean


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def failing(problem, noise, temperature, inner_samples):
    return [][noise.count]


def kernel(noise, temperature, out):
    out[:] = 0.0


def raising_kernel(noise, temperature, prepared, objective, out, theta_gradient):
    raise ValueError("no")


def unwritten_kernel(noise, temperature, prepared, objective, out, theta_gradient):
    out[:] = np.nan


def outside_kernel(noise, temperature, prepared, objective, out, theta_gradient):
    for c in range(out.shape[1]):
        for b in range(out.shape[2]):
            out[0, c, b] = noise.by_category[0, 0, c + 1, b]


def old_kernel(gumbels, temperature, prepared, objective, out, extra):
    out[:] = 0.0


def by_kernel(kernel):
    return gumbench.Estimator(
        family="categorical",
        kernel=kernel,
        unbiased=True,
        noise=lambda k: [gumbench.Noise("gumbel")],
        cost=lambda sizes: gumbench.Cost(values=1),
    )


kernel_of_three = by_kernel(kernel)
kernel_raises = by_kernel(raising_kernel)
kernel_outside = by_kernel(outside_kernel)
kernel_of_old = by_kernel(old_kernel)
kernel_nan = by_kernel(unwritten_kernel)
