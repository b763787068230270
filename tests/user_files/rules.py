"""Estimators as a user writes them, in plain Python and compiled."""

import numpy as np

import gumbench
from gumbench import blocks


def drawn(problem, noise, draw=0):
    return gumbench.one_hot((problem.logits + noise.gumbel(draw)).argmax(-1), problem.categories)


def with_direct(problem, estimate, x):
    direct = problem.direct(x)
    return estimate if direct is None else (estimate, direct)


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def score(problem, noise, temperature, inner_samples):
    """Score function."""
    draws = drawn(problem, noise)
    estimate = problem.value(draws)[:, None, None] * (draws - problem.probabilities)
    return with_direct(problem, estimate, draws)


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def score_at(problem, noise, temperature, inner_samples):
    """Score function, f by the numbers of the draw."""
    draws = drawn(problem, noise)
    f = problem.value_at(draws.argmax(-1))
    return with_direct(problem, f[:, None, None] * (draws - problem.probabilities), draws)


@gumbench.estimator(
    "categorical",
    unbiased=True,
    cost=lambda sizes: gumbench.Cost(values=sizes.inner_samples),
    inner_samples=(2, 4),
    aliases=("mine-loo",),
    formula="f - mean f",
)
def score_loo(problem, noise, temperature, inner_samples):
    """Leave one out."""
    draws = np.stack([drawn(problem, noise, k) for k in range(inner_samples)])
    f = np.stack([problem.value(d) for d in draws])
    weight = (f - f.mean(axis=0)) / (inner_samples - 1)
    estimate = (weight[:, :, None, None] * (draws - problem.probabilities)).sum(axis=0)
    terms = [problem.direct(d) for d in draws]
    return estimate if terms[0] is None else (estimate, sum(terms) / inner_samples)


@gumbench.estimator(
    "categorical", unbiased=False, cost=gumbench.Cost(gradients=1), takes_temperature=True
)
def concrete(problem, noise, temperature, inner_samples):
    """Gumbel-softmax."""
    logits = (problem.logits + noise.gumbel()) / problem.logits.dtype.type(temperature)
    y = np.exp(logits - logits.max(axis=-1, keepdims=True))
    y /= y.sum(axis=-1, keepdims=True)
    g = problem.gradient(y)
    estimate = y * (g - (y * g).sum(axis=-1, keepdims=True)) / temperature
    return with_direct(problem, estimate, y)


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def by_uniform(problem, noise, temperature, inner_samples):
    """Score function of a draw by the distribution function, of the first variable's uniform."""
    u = noise.uniform()[:, :, :1]
    category = (u > np.cumsum(problem.probabilities, axis=-1)[:, :-1]).sum(axis=-1)
    draws = gumbench.one_hot(category, problem.categories)
    return problem.value(draws)[:, None, None] * (draws - problem.probabilities)


@gumbench.estimator("gaussian", unbiased=True, cost=gumbench.Cost(gradients=1))
def pathwise(problem, noise, temperature, inner_samples):
    """The re-parameterization trick."""
    epsilon = noise.normal()
    z = problem.mean[:, None] + problem.scale[:, None] * epsilon
    g = problem.gradient(z)
    estimate = np.stack([g[:, :, 0], (g * epsilon)[:, :, 0]], axis=1)
    return with_direct(problem, estimate, z)


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    _, categories, block = out.shape
    category = noise.draws[0]
    f = np.empty(block, out.dtype)
    blocks.value_of_draw(category, objective, 0, categories, f)
    blocks.score(prepared, category, f, out)
    blocks.add_direct_of_draw(category, objective, categories, out.dtype.type(1.0), theta_gradient)


compiled_score = gumbench.Estimator(
    family="categorical",
    kernel=kernel,
    prepare=blocks.probability_table,
    unbiased=True,
    noise=lambda k: [gumbench.Noise("draw")],
    cost=lambda sizes: gumbench.Cost(values=1, at_draws=True),
)


@gumbench.estimator("categorical", unbiased=True, cost=gumbench.Cost(values=1))
def settled(problem, noise, temperature, inner_samples, *, scale=1.0, shift=0.0):
    draws = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), problem.categories)
    weight = scale * problem.value(draws) + shift
    return weight[:, None, None] * (draws - problem.probabilities)
