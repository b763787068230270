"""Estimators whose samples depend on each other, against sums over all that may come out."""

import itertools
import math
from statistics import NormalDist

import exact
import numba
import numpy as np
import pytest
from measured import bind, first_part
from scipy import integrate, special
from test_noise_estimators import CATEGORICAL, check, disarm, row, toy

import gumbench
from gumbench.kernels.random.quantile import lower_quantiles

PLACES = [*CATEGORICAL, ("categorical-linear", 5, (("skew", 4.0),))]


def estimates_of_pairs(p, f, pair):
    """Mean and trace of the covariance of the pair estimator; pair[i][j] the chance of i and j."""
    size, mean, square = len(p), np.zeros(len(p)), 0.0
    for i, j in itertools.permutations(range(size), 2):
        estimate = p[i] * p[j] / pair[i][j] * (f[i] - f[j]) / 2
        estimate = estimate * (np.eye(size)[i] - np.eye(size)[j])
        mean += pair[i][j] * estimate
        square += pair[i][j] * (estimate**2).sum()
    return mean, square - (mean**2).sum()


def chances_of_pairs(p):
    """Of two antithetic draws: u and 1 - u decide each stick, from the least likely on."""
    order, pair = sorted(range(len(p)), key=lambda i: p[i]), np.zeros((len(p), len(p)))
    left, neither = 1.0, 1.0
    for place, i in enumerate(order):
        q = min(1.0, p[i] / left)
        alone = 1.0
        for j in order[place + 1 :]:
            later = sum(p[k] for k in order[order.index(j) :])
            pair[i][j] = pair[j][i] = neither * q * alone * p[j] / later
            alone *= 1 - p[j] / later
        neither *= 1 - 2 * q
        left -= p[i]
    return pair


@pytest.mark.parametrize("place", PLACES)
def test_two_draws_that_avoid_each_other(place):
    bound, p, f = row(place)
    mean, variance = estimates_of_pairs(p, f, chances_of_pairs(p))
    np.testing.assert_allclose(mean, exact.categorical_gradient(p, f), atol=1e-12)
    check(bound, "carms", mean, variance, inner=2)


@pytest.mark.parametrize("theta", [0.02, 0.3, 0.5, 0.9])
def test_arms_of_two_is_disarm(theta):
    s = toy((0.45, theta))
    check(s.bound, "arms", *disarm(s), inner=2)


@pytest.mark.parametrize("samples", [3, 8])
@pytest.mark.parametrize("theta", [0.02, 0.3, 0.5, 0.9])
def test_arms_on_one_variable(theta, samples):
    """The number of ones is seen alone: its variance is that of pairs, q (1 - q) and q² to P."""
    s = toy((0.45, theta))
    found = first_part(s.bound, "arms", 5, 1 << 20, inner=samples)
    assert found["bias_p"] > 1e-5
    independent = first_part(s.bound, "score-loo", 5, 1 << 20, inner=samples)
    assert found["variance_high"] < independent["variance_low"]


def test_without_its_ratio_it_would_be_rejected():
    """The control: leave-one-out over draws that avoid each other is too large."""
    bound, p, f = row(CATEGORICAL[0])
    pair = chances_of_pairs(p)
    wrong = np.zeros(len(p))
    for i, j in itertools.permutations(range(len(p)), 2):
        difference = np.eye(len(p))[i] - np.eye(len(p))[j]
        wrong += pair[i][j] * (f[i] - f[j]) / 2 * difference
    found = first_part(
        bound, "carms", 7, 1 << 20, inner=2, truth=gumbench.Truth(wrong, "enumeration")
    )
    assert found["bias_p"] < 1e-6


def test_draws_without_a_chance_do_no_harm():
    """A masked category, and one that is nearly certain."""

    def value(x):
        return np.where(x[:, 0, 0] == 1, np.nan, x[:, 0, 1] * 2 - x[:, 0, 3])

    problem = gumbench.CategoricalProblem([-np.inf, 0.0, 9.0, 1.0], value, compiled=False)
    gradient = gumbench.exact_gradient(problem).gradient
    for estimator in ("carms", "stratified", "top-k-sum"):
        estimates = gumbench.estimate(problem, estimator, 20_000, inner_samples=3)
        assert np.isfinite(estimates).all(), estimator
        error = estimates.std(axis=0) / math.sqrt(len(estimates))
        assert (np.abs(estimates.mean(axis=0) - gradient) <= 5 * error + 1e-7).all(), estimator


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("samples", [1, 3])
def test_the_likeliest_are_summed(place, samples):
    bound, p, f = row(place)
    gradient = np.array(exact.categorical_gradient(p, f))
    order = sorted(range(len(p)), key=lambda i: -p[i])
    rest = sum(p[i] for i in order[samples:])
    square, mean = 0.0, np.zeros(len(p))
    for i in order[samples:]:
        term = rest * f[i] * (np.eye(len(p))[i] - np.array(p))
        mean += p[i] / rest * term
        square += p[i] / rest * (term**2).sum()
    check(bound, "top-k-sum", gradient, square - (mean**2).sum(), inner=samples)


def test_a_sum_over_all_has_no_variance():
    bound, _, _ = row(CATEGORICAL[0])
    found = first_part(bound, "top-k-sum", 1, 64 * 100, inner=4)
    assert found["variance"] < 1e-12
    assert found["bias_norm"] < 1e-5


def strata_moments(p, f, samples):
    """Trace of the covariance: each draw has its K-th of the distribution function."""
    edges, variance = np.cumsum([0.0, *p]), 0.0
    scores = np.array([f[i] * (np.eye(len(p))[i] - np.array(p)) for i in range(len(p))])
    for k in range(samples):
        low, high = k / samples, (k + 1) / samples
        inside = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None)
        chance = inside * samples
        mean = chance @ scores
        variance += chance @ (scores**2).sum(axis=1) - (mean**2).sum()
    return variance / samples**2


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("samples", [1, 4])
def test_a_draw_from_each_stratum(place, samples):
    bound, p, f = row(place)
    gradient = exact.categorical_gradient(p, f)
    check(bound, "stratified", gradient, strata_moments(p, f, samples), inner=samples)


@pytest.mark.parametrize(("dtype", "error"), [("float32", 4e-7), ("float64", 2e-15)])
def test_the_quantile_of_the_normal_distribution(dtype, error):
    least = 1e-37 if dtype == "float32" else 1e-300
    p = np.concatenate([np.geomspace(least, 0.5, 4001), np.linspace(1e-6, 0.5, 4000)])
    p, got = p.astype(dtype), np.empty(8001, dtype)
    numba.njit(lambda x, out: lower_quantiles((x,), (out,)))(p, got)
    wanted = np.array([NormalDist().inv_cdf(float(x)) for x in p])
    np.testing.assert_allclose(got, wanted, rtol=error, atol=1e-16)
    np.testing.assert_allclose(special.ndtr(wanted), p.astype(float), rtol=1e-11)


def stratified_normal(function, samples):
    """Variance of the mean of a function of normals, one in each N-th: points of a net in 1-D."""
    total = 0.0
    for k in range(samples):
        ends = [
            NormalDist().inv_cdf(x) if 0 < x < 1 else math.copysign(12, x - 0.5)
            for x in (k / samples, (k + 1) / samples)
        ]
        first, second = (
            samples
            * integrate.quad(lambda e, n=n: function(e) ** n * NormalDist().pdf(e), *ends)[0]
            for n in (1, 2)
        )
        total += second - first**2
    return total / samples**2


@pytest.mark.parametrize("samples", [2, 16, 64])
def test_points_of_a_net_on_a_line(samples):
    """In one dimension each N-th of the distribution holds one point, anywhere in it."""
    bound = bind("gaussian-quadratic", 1, (("theta", 0.5), ("sigma", 2.0)))
    variance = stratified_normal(lambda e: 2 * (0.5 + 2.0 * e), samples)
    check(bound, "pathwise-rqmc", [1.0], variance, inner=samples)


def test_points_of_a_net_in_several_dimensions():
    """Less than a tenth of the variance of independent points, and no bias."""
    bound = bind("gaussian-vae", 2)
    net = first_part(bound, "pathwise-rqmc", 3, 1 << 15, inner=64)
    plain = first_part(bound, "pathwise", 3, 1 << 20)
    assert net["bias_p"] > 1e-4
    assert net["variance_high"] < 0.1 * plain["variance_low"] / 64


def test_samples_that_share_the_estimates():
    """A sweep makes so many times fewer, and never less than 2,048."""
    run = gumbench.sweep(
        problems=["gaussian-quadratic"],
        dimensions=[1],
        estimators=["pathwise-rqmc", "pathwise"],
        inner_samples=[16, 64],
        estimates=65_536,
        measurements=["variance"],
    )
    rows = run.variance
    estimates = {(r.estimator, r.inner_samples): r.estimates for r in rows.itertuples()}
    assert estimates["pathwise-rqmc", 16] == 4096
    assert estimates["pathwise-rqmc", 64] == 2048
    assert [n for (name, _), n in estimates.items() if name == "pathwise"] == [65_536]
