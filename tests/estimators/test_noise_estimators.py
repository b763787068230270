"""Estimators of continuous noise against their exact mean and variance, by quadrature in the test.

Each is measured with a million estimates and judged by its own interval. What it would take to be
rejected is planted beside it.
"""

import functools
import itertools
import math

import exact
import numpy as np
import pytest
from measured import LEVEL, bind, first_part, numbers, variance_p
from scipy import integrate

import gumbench
from gumbench.distributions import control_variate
from gumbench.types import Truth

ESTIMATES = 1 << 20
TOYS = [(0.45, 0.3), (0.45, 0.5), (0.1, 0.9), (0.499, 0.02)]
TEMPERATURES = [0.2, 0.5, 1.0]


class Toy:
    """One Bernoulli, f = (b - t)²: moments in the logit φ."""

    def __init__(self, t, theta):
        self.bound = bind("bernoulli-toy", 1, (("t", t), ("theta", theta)))
        double = self.bound.at("float64")
        self.t, self.phi = float(double.data[0]), float(double.theta[0])
        self.theta = exact.sigmoid(self.phi)
        self.v = self.theta * (1 - self.theta)
        self.delta = self.f(1.0) - self.f(0.0)
        self.gradient = self.v * self.delta

    def f(self, x):
        return (x - self.t) ** 2

    def slope(self, x):
        return 2 * (x - self.t)

    def given(self, b, function):
        """Mean of a function of the logistic number z = φ + logit u, given that b = 1[z > 0]."""
        ends = (0.0, self.phi + 45.0) if b else (self.phi - 45.0, 0.0)
        chance = self.theta if b else 1 - self.theta
        edges = sorted({*ends, *(x for x in (-3.0, -0.3, 0.3, 3.0) if ends[0] < x < ends[1])})
        return (
            sum(
                integrate.quad(
                    lambda z: function(z) * exact.logistic_density(z - self.phi), *pair, limit=200
                )[0]
                for pair in itertools.pairwise(edges)
            )
            / chance
        )

    def mixture(self, by_draw):
        """Σ_b P(b) by_draw(b)."""
        return self.theta * by_draw(1) + (1 - self.theta) * by_draw(0)


@functools.cache
def toy(place):
    return Toy(*place)


def st_gumbel_softmax(s, temperature, samples=1):
    """Mean and variance; of the average of `samples` given the draw."""

    def jacobian(z):
        y = exact.sigmoid(z / temperature)
        return y * (1 - y) / temperature

    first = {b: s.given(b, jacobian) for b in (0, 1)}
    second = {b: s.given(b, lambda z: jacobian(z) ** 2) for b in (0, 1)}
    mean = s.mixture(lambda b: s.slope(b) * first[b])
    inside = {b: (second[b] - first[b] ** 2) / samples + first[b] ** 2 for b in (0, 1)}
    return mean, s.mixture(lambda b: s.slope(b) ** 2 * inside[b]) - mean**2


def rebar(s, temperature, eta=1.0):
    """Of `rebar_with` the control variate η f."""
    return rebar_with(s, s.f, temperature, eta)


def rebar_with(s, f, temperature, eta=1.0):
    """With control variate η s.f. Given b the two relaxed numbers are independent."""

    def relaxed(z):
        y = exact.sigmoid(z / temperature)
        return eta * s.slope(y) * y * (1 - y) / temperature

    def conditional(z, b):
        y = exact.sigmoid(z / temperature)
        # z given b = 1 is log(1 + R/(1 - θ)); its derivative by φ is θ (1 - e^-z), and for b = 0
        # (1 - θ)(1 - e^z).
        by_phi = s.theta * -math.expm1(-z) if b else (1 - s.theta) * -math.expm1(z)
        through = s.slope(y) * y * (1 - y) / temperature * by_phi
        return -eta * (s.f(y) * (b - s.theta) + through)

    means, variances = {}, {}
    for b in (0, 1):
        parts = [relaxed, functools.partial(conditional, b=b)]
        firsts = [s.given(b, part) for part in parts]
        seconds = [s.given(b, lambda z, part=part: part(z) ** 2) for part in parts]
        means[b] = f(b) * (b - s.theta) + sum(firsts)
        variances[b] = sum(q - m * m for q, m in zip(seconds, firsts, strict=True))
    mean = s.mixture(means.get)
    return mean, s.mixture(lambda b: variances[b] + means[b] ** 2) - mean**2


def arm(s):
    q = max(s.theta, 1 - s.theta)
    square = s.delta**2 * (2 / 3) * (1 / 8 - (q - 0.5) ** 3)
    return s.gradient, square - s.gradient**2


def disarm(s):
    q = max(s.theta, 1 - s.theta)
    return s.gradient, s.delta**2 * q**2 * (1 - q) * (q - 0.5)


def check(bound, name, mean, variance, **options):
    """p values of both, and of a mean and a variance that are planted wrong."""
    truth = Truth(np.atleast_1d(mean), "closed form")
    found = first_part(bound, name, 7, ESTIMATES, truth=truth, **options)
    assert found["bias_p"] > LEVEL / 100, name
    if variance < 1e-12:
        assert found["variance"] < 1e-10
        return
    assert variance_p(found, variance) > LEVEL / 100, name
    far = 1 + 8 * found["relative_error"]
    assert variance_p(found, far * variance) < LEVEL
    step = max(1e-5, 6 * math.sqrt(variance / ESTIMATES))
    planted = Truth(np.atleast_1d(mean) + step, "closed form")
    seen = first_part(bound, name, 7, ESTIMATES, truth=planted, **options)
    assert seen["bias_p"] < LEVEL


@pytest.mark.parametrize("place", TOYS)
@pytest.mark.parametrize("name", ["arm", "disarm"])
def test_pairs_of_binary_draws(name, place):
    s = toy(place)
    check(s.bound, name, *{"arm": arm, "disarm": disarm}[name](s))


@pytest.mark.parametrize("place", TOYS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_straight_through_gumbel_softmax(place, temperature):
    s = toy(place)
    mean, variance = st_gumbel_softmax(s, temperature)
    check(s.bound, "st-gumbel-softmax", mean, variance, temperature=temperature)


@pytest.mark.parametrize("place", TOYS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("samples", [1, 4])
def test_gumbel_rao(place, temperature, samples):
    """Its mean is that of one sample, its variance A + B/K."""
    s = toy(place)
    mean, variance = st_gumbel_softmax(s, temperature, samples)
    check(s.bound, "gumbel-rao", mean, variance, temperature=temperature, inner=samples)


@pytest.mark.parametrize("place", TOYS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_rebar(place, temperature):
    s = toy(place)
    mean, variance = rebar(s, temperature)
    assert mean == pytest.approx(s.gradient, abs=1e-8)
    check(s.bound, "rebar", mean, variance, temperature=temperature)


def test_rebar_has_the_variance_of_the_quadrature_to_half_a_percent():
    s = toy(TOYS[0])
    found = first_part(s.bound, "rebar", 3, 1 << 23, temperature=0.5)
    assert found["relative_error"] < 0.0012
    assert found["variance"] == pytest.approx(rebar(s, 0.5)[1], rel=0.005)


def test_gumbel_rao_becomes_reinmax_as_it_cools():
    s = toy(TOYS[2])
    limit = 0.5 * s.mixture(lambda b: s.slope(b) * (s.v + (b - s.theta) ** 2))
    gaps = [abs(st_gumbel_softmax(s, t)[0] - limit) for t in (0.4, 0.1, 0.025)]
    assert gaps[0] > 3.5 * gaps[1] > 12 * gaps[2]
    assert gaps[2] < 0.04 * abs(limit)


CATEGORICAL = [
    ("categorical-quadratic", 4, (("skew", 1.0),)),
    ("categorical-quadratic", 12, (("skew", 2.0),)),
    ("categorical-linear", 6, (("offset", 3.0),)),
]


def row(place):
    """Probabilities and f of one variable."""
    bound = bind(*place)
    double = bound.at("float64")
    f = double.value_at(np.arange(double.theta.size, dtype=np.int32)[None])
    return bound, exact.softmax(numbers(double.theta)), numbers(f)


def augment_reinforce_trace(p, f):
    """The sum over j, with κ = C/(C + 1), of these less the squared gradient.

    p_j f_j² (1 - 2p_j + 2κp_j²) + Σ_{i≠j} p_i f_i² (-1 - 2p_j + κ(2p_j² + 2p_j + 2))
    """
    kappa, total = len(p) / (len(p) + 1), 0.0
    gradient = exact.categorical_gradient(p, f)
    for j, q in enumerate(p):
        total += q * f[j] ** 2 * (1 - 2 * q + 2 * kappa * q * q) - gradient[j] ** 2
        others = sum(p[i] * f[i] ** 2 for i in range(len(p)) if i != j)
        total += others * (-1 - 2 * q + kappa * (2 * q * q + 2 * q + 2))
    return total


def unordered_set_moments(p, f, samples):
    """Mean and trace of the covariance over all sets, each from all its orders."""

    def chance(members, taken=()):
        total = 0.0
        for order in itertools.permutations(members):
            left, product = 1.0 - sum(p[i] for i in taken), 1.0
            for i in order:
                product *= p[i] / left
                left -= p[i]
            total += product
        return total

    size = len(p)
    mean, square = np.zeros(size), 0.0
    for members in itertools.combinations(range(size), samples):
        estimate, whole = np.zeros(size), chance(members)
        for i in members:
            rest = tuple(j for j in members if j != i)
            baseline = p[i] * f[i]
            for other in rest:
                left = tuple(j for j in rest if j != other)
                baseline += p[other] * chance(left, (i, other)) / chance(rest, (i,)) * f[other]
            weight = p[i] * chance(rest, (i,)) / whole * (f[i] - baseline)
            estimate += weight * (np.eye(size)[i] - np.array(p))
        mean += whole * estimate
        square += whole * (estimate**2).sum()
    return mean, square - (mean**2).sum()


@pytest.mark.parametrize("place", CATEGORICAL)
def test_scores_of_the_noise(place):
    bound, p, f = row(place)
    gradient = exact.categorical_gradient(p, f)
    best = f[p.index(max(p))]
    forms = exact.score_trace, augment_reinforce_trace, exact.gumbel_score_trace
    order = [form(p, f) for form in forms]
    assert order == sorted(order)
    check(bound, "augment-reinforce", gradient, order[1])
    check(bound, "gumbel-score", gradient, order[2])
    lower = exact.gumbel_score_trace(p, [x - best for x in f])
    check(bound, "gumbel-score-baseline", gradient, lower)


@pytest.mark.parametrize(("place", "samples"), [(CATEGORICAL[0], 2), (CATEGORICAL[2], 3)])
def test_unordered_sets(place, samples):
    bound, p, f = row(place)
    mean, variance = unordered_set_moments(p, f, samples)
    np.testing.assert_allclose(mean, exact.categorical_gradient(p, f), atol=1e-12)
    check(bound, "unordered-set", mean, variance, inner=samples)


def test_a_whole_set_has_no_variance():
    bound, p, f = row(CATEGORICAL[0])
    found = first_part(bound, "unordered-set", 1, 64 * 100, inner=4)
    assert found["variance"] < 1e-12
    assert found["truth_norm"] == pytest.approx(
        math.sqrt(exact.norm_square(exact.categorical_gradient(p, f))), rel=1e-5
    )


def test_swaps_have_less_variance_than_the_noise_alone():
    bound, p, f = row(CATEGORICAL[0])
    swaps = first_part(bound, "arsm", 1, ESTIMATES)
    assert swaps["bias_p"] > LEVEL / 100
    assert swaps["variance_high"] < 0.1 * augment_reinforce_trace(p, f)


def decoupled(p, f_slopes, q, temperature):
    """Mean and trace over draws from p of J(q) ∇f(e_i)/τ, J(q) = diag q - q qᵀ."""
    jacobian = np.diag(q) - np.outer(q, q)
    estimates = [jacobian @ slope / temperature for slope in f_slopes]
    mean = sum(x * e for x, e in zip(p, estimates, strict=True))
    square = sum(x * (e**2).sum() for x, e in zip(p, estimates, strict=True))
    return mean, square - (mean**2).sum()


@pytest.mark.parametrize("place", CATEGORICAL[:2])
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_decoupled_temperatures(place, temperature):
    bound, p, _ = row(place)
    double = bound.at("float64")
    vertices = np.eye(len(p))[None]
    slopes = double.gradient(vertices)[0].T
    q = np.array(exact.softmax(numbers(double.theta / temperature)))
    mean, variance = decoupled(p, slopes, q, temperature)
    check(bound, "decoupled-st", mean, variance, temperature=temperature)


@pytest.mark.parametrize("place", TOYS)
def test_implicit_mle(place):
    """Both draws are 1[φ + L > 0] and 1[φ + L > λ f'(b)], L logistic, here at λ = 1."""
    s = toy(place)
    up = exact.sigmoid(s.phi) - exact.sigmoid(s.phi - max(s.slope(1), 0.0))
    down = exact.sigmoid(-s.phi) - exact.sigmoid(-s.phi + min(s.slope(0), 0.0))
    check(s.bound, "imle", up - down, up + down - (up - down) ** 2)


def redge(s, t=0.5, steps=3):
    """Mean and variance by quadrature over the difference of the two normal numbers."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / weights.sum()
    epsilon = math.sqrt(2) * nodes
    logit, by_phi = np.full(nodes.size, s.phi), np.ones(nodes.size)
    x, x_by_phi, before = epsilon, np.zeros(nodes.size), 1.0
    for time in np.linspace(1.0, t, steps)[1:]:
        y = np.tanh(logit / 2)
        y_by_phi = (1 - y**2) / 2 * by_phi
        noise, noise_by_phi = (
            (a - (1 - before) * b) / before for a, b in ((x, y), (x_by_phi, y_by_phi))
        )
        x, x_by_phi = (1 - time) * y + time * noise, (1 - time) * y_by_phi + time * noise_by_phi
        guide, before = (1 - time) / time**2, time
        logit, by_phi = s.phi + guide * x, 1 + guide * x_by_phi
    y = 1 / (1 + np.exp(-logit))
    slope = y * (1 - y) * by_phi
    mean = weights @ ((y * s.slope(1) + (1 - y) * s.slope(0)) * slope)
    square = weights @ ((y * s.slope(1) ** 2 + (1 - y) * s.slope(0) ** 2) * slope**2)
    return mean, square - mean**2


@pytest.mark.parametrize("place", TOYS)
def test_denoising_steps(place):
    s = toy(place)
    check(s.bound, "redge", *redge(s))


@pytest.mark.parametrize(("name", "size"), [("bernoulli-toy", 1), ("categorical-quadratic", 4)])
def test_denoising_at_time_one_is_straight_through(name, size):
    """Straight-through is a function of the draw: each estimate is one of its values."""
    problem = gumbench.make_problem(name, size)
    options = {"dtype": "float64"}
    straight = gumbench.estimate(problem, "straight-through", 65_536, **options)
    estimates = gumbench.estimate(
        problem, "redge", 4096, settings={"time": 1.0, "steps": 4}, **options
    )
    values = {tuple(row) for row in straight.round(9)}
    assert len(values) == max(2, size)
    assert {tuple(row) for row in estimates.round(9)} <= values


@pytest.mark.parametrize("place", TOYS)
@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_relax_leaves_less_than_rebar(place, temperature):
    s = toy(place)
    fitted = first_part(s.bound, "relax", 5, ESTIMATES, temperature=temperature)
    assert fitted["bias_p"] > LEVEL / 100
    assert fitted["variance_high"] < 0.5 * rebar(s, temperature)[1]


@pytest.mark.parametrize("weights", [(0.0, 0.0), (3.0, -2.0), (-1.0, 5.0)])
def test_relax_is_unbiased_for_any_surrogate(weights, monkeypatch):
    """A quadratic that nobody would fit, and its variance by quadrature."""
    s, (linear, square) = toy(TOYS[0]), weights
    wanted = np.array([[0.0, linear], [0.0, square]])
    monkeypatch.setattr(control_variate, "fitted", lambda preparation, kinds: wanted.ravel())
    f, slope = s.f, s.slope
    other = Toy(*TOYS[0])
    other.f = lambda y: f(y) + linear * y + square * y * y
    other.slope = lambda y: slope(y) + linear + 2 * square * y
    mean, variance = rebar_with(other, s.f, 0.5)
    assert mean == pytest.approx(s.gradient, abs=1e-7)
    check(s.bound, "relax", mean, variance, temperature=0.5)


@pytest.mark.parametrize("place", CATEGORICAL)
def test_double_control_variates(place):
    """Over all pairs of draws."""
    bound, p, f = row(place)
    double, size = bound.at("float64"), len(p)
    slopes = double.gradient(np.eye(size)[None])[0].T
    centered, jacobian = np.eye(size) - np.array(p), np.diag(p) - np.outer(p, p)
    mean, total = np.zeros(size), 0.0
    for i, j in itertools.product(range(size), repeat=2):
        first = f[i] - slopes[j] @ centered[i]
        second = f[j] - slopes[i] @ centered[j]
        estimate = (first - second) / 2 * (centered[i] - centered[j])
        estimate += jacobian @ (slopes[i] + slopes[j]) / 2
        mean += p[i] * p[j] * estimate
        total += p[i] * p[j] * (estimate**2).sum()
    np.testing.assert_allclose(mean, exact.categorical_gradient(p, f), atol=1e-12)
    check(bound, "double-cv", mean, total - (mean**2).sum())


def test_double_control_variates_leave_nothing_of_a_linear_function():
    bound = bind("categorical-linear", 6, (("instance", 2),))
    found = first_part(bound, "double-cv", 1, 64 * 100)
    assert found["variance"] < 1e-12


def test_equal_values_have_no_advantage():
    """Divided by their deviation, rounding would count as much as a difference."""
    problem = gumbench.CategoricalProblem(
        np.zeros((20, 2)), lambda x: 0.1 * (x[:, :, 1] + x[:, :, 0]).sum(axis=1), compiled=False
    )
    assert not gumbench.estimate(problem, "grpo", 2000).any()
