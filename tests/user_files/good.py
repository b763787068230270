"""Problems as a user writes them: built-in ones restated, and compiled ones with plain twins."""

import numpy as np

import gumbench
from gumbench.kernels.compiler import jit

QUADRATIC = gumbench.make_problem("categorical-quadratic", 8)


def quadratic_value(x, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for c in range(x.shape[1]):
        row, target = x[0, c], data[c]
        for b in range(row.size):
            difference = row[b] - target
            out[b] += difference * difference


def quadratic_value_at(category, theta, data, out):
    one, two = out.dtype.type(1.0), out.dtype.type(2.0)
    square = data[data.size - 1]
    for b in range(out.size):
        out[b] = square + one - two * data[category[0, b]]


def quadratic_gradient(x, theta, data, out):
    two = x.dtype.type(2.0)
    for c in range(x.shape[1]):
        row, result, target = x[0, c], out[0, c], data[c]
        for b in range(row.size):
            result[b] = two * (row[b] - target)


def quadratic_truth(theta, data):
    weight = np.exp(theta - theta.max())
    weight /= weight.sum()
    f = -2 * data[:-1]
    return weight * (f - (weight * f).sum())


def quadratic_problem(truth):
    return gumbench.CategoricalProblem(
        QUADRATIC.theta,
        quadratic_value,
        value_at=quadratic_value_at,
        gradient=quadratic_gradient,
        data=QUADRATIC.data,
        truth=truth,
    )


quadratic = quadratic_problem(quadratic_truth)
quadratic_array_truth = quadratic_problem(quadratic_truth(QUADRATIC.theta, QUADRATIC.data))
quadratic_enumerated = quadratic_problem(None)
quadratic_plain = gumbench.CategoricalProblem(
    QUADRATIC.theta,
    lambda x: ((x[:, 0] - QUADRATIC.data[:-1]) ** 2).sum(axis=1),
    value_at=lambda category: QUADRATIC.data[-1] + 1 - 2 * QUADRATIC.data[category[:, 0]],
    gradient=lambda x: 2 * (x - QUADRATIC.data[:-1]),
    truth=lambda theta, data: quadratic_truth(theta, QUADRATIC.data),
    compiled=False,
)


def masked(dimension=5, *, closed=2, skew=1.0):
    """The same with some categories closed."""
    logits = skew * np.linspace(0, 1, dimension)
    logits[:closed] = -np.inf
    return gumbench.CategoricalProblem(
        logits, quadratic_value, gradient=quadratic_gradient, data=np.linspace(0, 2, dimension)
    )


# f = θ0 s² + θ1 s with s = Σ a x, and logits W θ: data is W, then a.
SHAPE, PARAMETERS = (2, 3), 4
TABLE = np.random.default_rng(1).normal(size=(6, PARAMETERS))
WEIGHTS = np.random.default_rng(2).normal(size=6)
THETA = np.array([0.5, -1.0, 0.25, 2.0])


def linked_sum(x, theta, data, out):
    first = x.shape[0] * x.shape[1] * theta.size
    out[:] = 0.0
    for v in range(x.shape[0]):
        for c in range(x.shape[1]):
            for b in range(out.size):
                out[b] += data[first + v * x.shape[1] + c] * x[v, c, b]


linked_sum = jit.helper(linked_sum)


def linked_value(x, theta, data, out):
    linked_sum(x, theta, data, out)
    for b in range(out.size):
        out[b] = (theta[0] * out[b] + theta[1]) * out[b]


def linked_value_at(category, theta, data, out):
    per_variable = data.size // (category.shape[0] * (theta.size + 1))
    first = data.size - category.shape[0] * per_variable
    for b in range(out.size):
        total = theta[0] - theta[0]
        for v in range(category.shape[0]):
            total += data[first + v * per_variable + category[v, b]]
        out[b] = (theta[0] * total + theta[1]) * total


def linked_gradient(x, theta, data, out):
    first = x.shape[0] * x.shape[1] * theta.size
    total = np.empty(x.shape[2], x.dtype)
    linked_sum(x, theta, data, total)
    for v in range(x.shape[0]):
        for c in range(x.shape[1]):
            weight = data[first + v * x.shape[1] + c]
            for b in range(total.size):
                out[v, c, b] = weight * (2 * theta[0] * total[b] + theta[1])


def linked_direct(x, theta, data, out):
    total = np.empty(x.shape[2], x.dtype)
    linked_sum(x, theta, data, total)
    out[:] = 0.0
    for b in range(total.size):
        out[0, b] = total[b] * total[b]
        out[1, b] = total[b]


def linked_forward(theta, data, out):
    for v in range(out.shape[0]):
        for c in range(out.shape[1]):
            first = (v * out.shape[1] + c) * theta.size
            logit = theta[0] - theta[0]
            for k in range(theta.size):
                logit += data[first + k] * theta[k]
            out[v, c] = logit


def linked_pullback(g, theta, data, out):
    out[:] = 0.0
    for v in range(g.shape[0]):
        for c in range(g.shape[1]):
            first = (v * g.shape[1] + c) * theta.size
            for k in range(theta.size):
                for b in range(g.shape[2]):
                    out[k, b] += data[first + k] * g[v, c, b]


LOGITS = (TABLE @ THETA).reshape(SHAPE)
linked = gumbench.CategoricalProblem(
    LOGITS,
    linked_value,
    value_at=linked_value_at,
    gradient=linked_gradient,
    direct=linked_direct,
    link=(linked_forward, linked_pullback),
    theta=THETA,
    data=np.concatenate([TABLE.ravel(), WEIGHTS]),
)


def plain_sum(x):
    return x.reshape(len(x), -1) @ WEIGHTS


def plain_direct(x, theta):
    total = plain_sum(x)
    rest = np.zeros((len(x), PARAMETERS - 2))
    return np.column_stack([total**2, total, rest])


def plain_linked_value(x, theta):
    return theta[0] * plain_sum(x) ** 2 + theta[1] * plain_sum(x)


def plain_linked_gradient(x, theta):
    slope = 2 * theta[0] * plain_sum(x) + theta[1]
    return slope[:, None, None] * WEIGHTS.reshape(SHAPE)


linked_plain = gumbench.CategoricalProblem(
    LOGITS,
    plain_linked_value,
    value_at=lambda category, theta: plain_linked_value(
        gumbench.one_hot(category, SHAPE[1]), theta
    ),
    gradient=plain_linked_gradient,
    direct=plain_direct,
    link=(
        lambda theta: (TABLE @ theta).reshape(SHAPE),
        lambda g: g.reshape(len(g), -1) @ TABLE,
    ),
    theta=THETA,
    compiled=False,
)


# f = Σ z², z normal with mean aθ + b and a fixed scale: `gaussian-quadratic`.
def square_value(x, theta, data, out):
    out[:] = out.dtype.type(0.0)
    for v in range(x.shape[0]):
        z = x[v, 0]
        for b in range(z.size):
            out[b] += z[b] * z[b]


def square_gradient(x, theta, data, out):
    two = x.dtype.type(2.0)
    for v in range(x.shape[0]):
        z, row = x[v, 0], out[v, 0]
        for b in range(z.size):
            row[b] = two * z[b]


def line_forward(theta, data, out):
    a, offset, sigma = data
    for v in range(theta.size):
        out[0, v] = a * theta[v] + offset
        out[1, v] = sigma


def line_pullback(g, theta, data, out):
    a = data[0]
    for v in range(theta.size):
        row, result = g[0, v], out[v]
        for b in range(row.size):
            result[b] = a * row[b]


def line_truth(theta, data):
    a, offset, _ = data
    return 2 * a * (a * theta + offset)


def square(dimension=4, *, a=1.0, b=0.0, sigma=1.0):
    """The lecture's example once more."""
    return gumbench.GaussianProblem(
        np.full(dimension, a + b),
        sigma,
        square_value,
        gradient=square_gradient,
        link=(line_forward, line_pullback),
        theta=np.ones(dimension),
        data=(a, b, sigma),
        truth=line_truth,
    )


# f = Σ (z - s)², z normal with mean θ and one scale exp(s); s is the last of θ.
def warped_value(x, theta, data, out):
    shift = theta[theta.size - 1]
    out[:] = 0.0
    for v in range(x.shape[0]):
        for b in range(out.size):
            difference = x[v, 0, b] - shift
            out[b] += difference * difference


def warped_gradient(x, theta, data, out):
    for v in range(x.shape[0]):
        for b in range(x.shape[2]):
            out[v, 0, b] = 2 * (x[v, 0, b] - theta[theta.size - 1])


def warped_direct(x, theta, data, out):
    last = theta.size - 1
    out[:] = 0.0
    for v in range(x.shape[0]):
        for b in range(x.shape[2]):
            out[last, b] -= 2 * (x[v, 0, b] - theta[last])


def warped_forward(theta, data, out):
    for v in range(out.shape[1]):
        out[0, v] = theta[v]
        out[1, v] = np.exp(theta[theta.size - 1])


def warped_pullback(g, theta, data, out):
    last = theta.size - 1
    scale = np.exp(theta[last])
    out[:] = 0.0
    for v in range(g.shape[1]):
        for b in range(g.shape[2]):
            out[v, b] = g[0, v, b]
            out[last, b] += scale * g[1, v, b]


def warped_truth(theta, data):
    mean, shift = theta[:-1], theta[-1]
    last = 2 * mean.size * np.exp(2 * shift) - 2 * (mean - shift).sum()
    return np.append(2 * (mean - shift), last)


WARPED_THETA = np.array([0.5, -0.25, 1.0, -0.5])
warped = gumbench.GaussianProblem(
    WARPED_THETA[:-1],
    np.exp(WARPED_THETA[-1]),
    warped_value,
    gradient=warped_gradient,
    direct=warped_direct,
    link=(warped_forward, warped_pullback),
    theta=WARPED_THETA,
    truth=warped_truth,
)


def plain_warped_direct(x, theta):
    out = np.zeros((len(x), theta.size))
    out[:, -1] = -2 * (x - theta[-1]).sum(axis=(1, 2))
    return out


def plain_warped_forward(theta):
    return np.stack([theta[:-1], np.full(theta.size - 1, np.exp(theta[-1]))])


def plain_warped_pullback(g, theta):
    return np.column_stack([g[:, 0], np.exp(theta[-1]) * g[:, 1].sum(axis=1)])


warped_plain = gumbench.GaussianProblem(
    WARPED_THETA[:-1],
    np.exp(WARPED_THETA[-1]),
    lambda x, theta: ((x - theta[-1]) ** 2).sum(axis=(1, 2)),
    gradient=lambda x, theta: 2 * (x - theta[-1]),
    direct=plain_warped_direct,
    link=(plain_warped_forward, plain_warped_pullback),
    theta=WARPED_THETA,
    truth=warped_truth,
    compiled=False,
)
