"""Mistakes that libraries shipped, built here on purpose: the check that estimators pass sees them.

`rejected` is the check: the largest component's distance to the gradient in standard errors.
"""

import numpy as np
import pytest
from scipy import stats
from twin_setting import outer, softmax, times_jacobian

import gumbench

COUNT = 1 << 19
LEVEL = 1e-6
TAU = 0.5
NAMES = ["categorical-quadratic", "categorical-linear", "categorical-nonseparable", "polynomial"]


class Sample:
    """Noise of many estimates of one variable, f and its slope at vertices and inside."""

    def __init__(self, logits, f, slope, seed):
        self.logits, self.f, self.slope = np.array(logits), f, slope
        generator = np.random.default_rng(seed)
        size = self.logits.size
        self.p = softmax(self.logits)
        self.exponentials = generator.exponential(size=(COUNT, 1, size))
        self.conditional = generator.exponential(size=(COUNT, 1, size))
        self.gumbels = -np.log(self.exponentials)
        self.d = np.eye(size)[(self.logits + self.gumbels).argmax(axis=2)]
        self.gradient = self.p * (self.f_vertices() - self.p @ self.f_vertices())

    def f_vertices(self):
        return self.f(np.eye(self.logits.size)[:, None])

    def relaxed(self, perturbed):
        return softmax(perturbed / TAU)

    def given(self):
        """θ + G given its argmax, and what its derivative needs."""
        e, d = self.conditional, self.d
        total = np.log(np.exp(self.logits).sum())
        winner = (e * d).sum(axis=2, keepdims=True)
        kept = np.where(d == 1, 0.0, e / (e + winner * self.p))
        perturbed = np.where(
            d == 1, total - np.log(winner), self.logits - np.log(e + winner * self.p)
        )
        return perturbed, kept

    def pull_back(self, y):
        return times_jacobian(y, self.slope(y)) / TAU


def quadratic(seed=0, size=4):
    generator = np.random.default_rng(seed)
    target = generator.uniform(size=size)
    return Sample(
        generator.standard_normal(size),
        lambda x: ((x[:, 0] - target) ** 2).sum(axis=1),
        lambda x: 2 * (x - target),
        seed,
    )


def linear(seed=0, size=4):
    generator = np.random.default_rng(seed)
    scores = generator.standard_normal(size)
    return Sample(
        generator.standard_normal(size),
        lambda x: x[:, 0] @ scores,
        lambda x: np.broadcast_to(scores, x.shape),
        seed,
    )


def p_value(estimates, gradient):
    estimates = estimates.reshape(len(estimates), -1)
    error = estimates.std(axis=0) / np.sqrt(len(estimates))
    z = np.abs(estimates.mean(axis=0) - gradient) / np.maximum(error, 1e-9)
    return min(1.0, gradient.size * 2 * stats.norm.sf(z.max()))


def rejected(estimates, gradient):
    return p_value(estimates, gradient) < LEVEL


def score(s):
    return outer(s.f(s.d), s.d - s.p)


def test_a_scale_is_seen_that_no_cosine_sees():
    s = quadratic()
    right, wrong = score(s), 0.95 * score(s)
    mean = wrong.reshape(COUNT, -1).mean(axis=0)
    cosine = mean @ s.gradient / np.linalg.norm(mean) / np.linalg.norm(s.gradient)
    assert cosine > 0.998
    assert not rejected(right, s.gradient)
    assert rejected(wrong, s.gradient)


def dirichlet(s):
    return s.exponentials / s.exponentials.sum(axis=2, keepdims=True)


def test_a_factor_c_missing_in_augment_reinforce():
    s, size = quadratic(), 4
    right = outer(s.f(s.d), 1 - size * dirichlet(s))
    wrong = outer(s.f(s.d), 1 / size - dirichlet(s))
    assert not rejected(right, s.gradient)
    assert rejected(wrong, s.gradient)


@pytest.mark.parametrize("width", [0.5, 2.0])
def test_a_width_of_the_noise_missing_in_perturbed_optimizers(width):
    """The estimate at noise σG is of the gradient at θ/σ, divided by σ."""
    s = linear()
    d = np.eye(4)[(s.logits + width * s.gumbels).argmax(axis=2)]
    p = softmax(s.logits / width)
    values = s.f_vertices()
    gradient = p * (values - p @ values) / width
    right = outer(s.f(d), 1 - s.exponentials) / width
    assert not rejected(right, gradient)
    assert rejected(width * right, gradient)


def test_gumbel_rao_differentiated_through_its_conditioning():
    s = linear()
    perturbed, kept = s.given()
    g = times_jacobian(s.relaxed(perturbed), s.slope(s.d)) / TAU
    held = g.reshape(COUNT, -1).mean(axis=0)
    y = s.relaxed(s.logits + s.gumbels)
    unconditional = times_jacobian(y, s.slope(s.d)) / TAU
    assert not rejected(unconditional, held)
    through = kept * g + s.p * ((1 - kept) * g).sum(axis=2, keepdims=True)
    assert rejected(through, held)


def rebar(s, eta=1.0, detached=False):
    perturbed, kept = s.given()
    y, conditional = s.relaxed(s.logits + s.gumbels), s.relaxed(perturbed)
    g = s.pull_back(conditional)
    through = kept * g + s.p * ((1 - kept) * g).sum(axis=2, keepdims=True)
    if detached:
        through = 0.0
    weight = s.f(s.d) - eta * s.f(conditional)
    return outer(weight, s.d - s.p) + eta * (s.pull_back(y) - through)


@pytest.mark.parametrize("eta", [0.3, 1.0, 2.0])
def test_rebar_with_its_conditional_number_detached(eta):
    s = quadratic(1)
    assert not rejected(rebar(s, eta), s.gradient)
    assert rejected(rebar(s, eta, detached=True), s.gradient)


def test_a_control_variate_and_its_mean_under_different_events():
    """f(y) as control variate of f(D), with the mean of f at fresh relaxed numbers as its own."""
    s = quadratic(1)
    y = s.relaxed(s.logits + s.gumbels)
    wrong = outer(s.f(s.d) - s.f(y), s.d - s.p) + s.pull_back(y)
    fresh = outer(s.f(s.d) - s.f(y), s.d - s.p) + outer(s.f(y), s.d - s.p)
    assert not rejected(fresh, s.gradient)
    assert rejected(wrong, s.gradient)


def test_a_clipped_ratio_of_the_unordered_set():
    """R(S, i) = P(rest | i first)/P(S), here for two of four."""
    s = linear(2)
    order = np.argsort(-(s.logits + s.gumbels)[:, 0], axis=1)[:, :2]
    p, f = s.p[order], s.f_vertices()[order]

    def estimate(clip):
        first = p[:, ::-1] / (1 - p)
        whole = (p * first).sum(axis=1, keepdims=True)
        ratio = np.minimum(first / whole, clip)
        total = (p * ratio * f)[:, :, None] * (np.eye(4)[order] - s.p)
        return total.sum(axis=1)

    assert not rejected(estimate(np.inf), s.gradient)
    assert rejected(estimate(1.5), s.gradient)


def test_a_control_variate_of_mean_zero_given_the_draw_adds_variance():
    """Added to a function of the draw it is uncorrelated with it: it can only add."""
    s = quadratic(3)
    v = s.slope(s.d)
    inner = ((s.d - s.p) * v).sum(axis=2, keepdims=True)
    reinmax = (times_jacobian(np.broadcast_to(s.p, v.shape), v) + (s.d - s.p) * inner) / 2
    first, second = (
        times_jacobian(s.relaxed(x), v) / TAU for x in (s.logits + s.gumbels, s.given()[0])
    )
    # Two numbers of one law given D: their difference has mean zero given D.
    changed = reinmax + first - second
    assert not rejected(changed, s.gradient)
    traces = [x.reshape(COUNT, -1).var(axis=0).sum() for x in (reinmax, changed)]
    assert traces[1] > 1.2 * traces[0]


def test_a_jacobian_averaged_at_the_wrong_place():
    """Perturbed numbers drawn under ln((p + D)/2) given D, as if they were those under θ."""
    s = linear(1)
    middle = np.log((s.p + s.d) / 2)
    e = s.conditional
    winner = (e * s.d).sum(axis=2, keepdims=True)
    perturbed = np.where(s.d == 1, -np.log(winner), middle - np.log(e + winner * np.exp(middle)))
    cold = softmax(perturbed / 0.05)
    wrong = (times_jacobian(cold, s.slope(s.d)) / 0.05).reshape(COUNT, -1)
    assert rejected(wrong, s.gradient)
    share = wrong.mean(axis=0) @ s.gradient / (s.gradient @ s.gradient)
    assert share < 0.75


@pytest.mark.parametrize("alpha", [0.4, 0.5, 0.75])
def test_a_runge_kutta_step_that_keeps_the_constants_of_heun(alpha):
    """2 J((1 - α) p + α D) v - ½ J(p) v has the mean (2 (1 - α²) - ½) g for linear f."""
    s = linear(1)
    v = s.slope(s.d)
    between = (1 - alpha) * s.p + alpha * s.d
    base = times_jacobian(np.broadcast_to(s.p, v.shape), v)
    estimates = 2 * times_jacobian(between, v) - 0.5 * base
    assert not rejected(estimates, (2 * (1 - alpha**2) - 0.5) * s.gradient)
    assert rejected(estimates, s.gradient) == (alpha != 0.5)


@pytest.mark.parametrize("name", NAMES)
def test_the_package_passes_the_same_check(name):
    problem = gumbench.make_problem(name, 4)
    gradient = gumbench.exact_gradient(problem).gradient
    for estimator in ("score-greedy", "augment-reinforce", "arsm", "rebar"):
        estimates = gumbench.estimate(problem, estimator, 1 << 18, temperature=TAU)
        assert not rejected(estimates, gradient), estimator
        assert rejected(estimates + 0.02 * np.abs(gradient).max() + 0.01, gradient)
