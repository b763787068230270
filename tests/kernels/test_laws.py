import itertools
import math

import numpy as np
import pytest
import reference_noise
from numba import njit
from scipy import integrate, special, stats

import gumbench
from gumbench.kernels.blocks import laws, simplex
from gumbench.kernels.compiler.lowering import OPTIONS
from gumbench.kernels.random import noise, philox

EULER = 0.5772156649015329


@njit(**OPTIONS)
def pdf(z, loc, scale):
    return laws.gumbel_pdf(z, loc, scale)


@njit(**OPTIONS)
def cdf(z, loc, scale):
    return laws.gumbel_cdf(z, loc, scale)


@njit(**OPTIONS)
def quantile(u, loc, scale):
    return laws.gumbel_quantile(u, loc, scale)


@pytest.mark.parametrize(("loc", "scale"), [(0.0, 1.0), (-2.0, 0.5), (3.0, 4.0)])
def test_gumbel_law(loc, scale):
    ends = loc - 5 * scale, loc + 40 * scale
    assert integrate.quad(pdf, *ends, args=(loc, scale))[0] == pytest.approx(1, abs=1e-10)
    mean = integrate.quad(lambda z: z * pdf(z, loc, scale), *ends)[0]
    assert mean == pytest.approx(loc + scale * EULER, abs=1e-9)
    spread = integrate.quad(lambda z: (z - mean) ** 2 * pdf(z, loc, scale), *ends)[0]
    assert spread == pytest.approx((math.pi * scale) ** 2 / 6, rel=1e-9)
    for z in (loc - scale, loc, loc + 3 * scale):
        assert integrate.quad(pdf, ends[0], z, args=(loc, scale))[0] == pytest.approx(
            cdf(z, loc, scale), abs=1e-10
        )
    for u in (1e-12, 0.1, 0.5, 0.999999):
        assert cdf(quantile(u, loc, scale), loc, scale) == pytest.approx(u, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gumbels_follow_their_law(dtype):
    sample = gumbench.gumbel((2000, 501), loc=1.0, scale=2.0, seed=3, dtype=dtype).ravel()
    assert stats.kstest(sample, stats.gumbel_r(1.0, 2.0).cdf).pvalue > 1e-3
    wrong = stats.kstest(sample, stats.gumbel_r(1.01, 2.0).cdf).pvalue
    assert wrong < 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gumbels_of_short_rows_begin_those_of_long_ones(dtype):
    made = {"loc": 0.3, "scale": 1.7, "seed": 5, "first": 7, "dtype": dtype}
    long = gumbench.gumbel((300, noise.SHORT_ROW + 45), **made)
    for size in (1, 7, noise.SHORT_ROW):
        short = gumbench.gumbel((300, size), **made)
        np.testing.assert_array_equal(short, long[:, :size])


def test_gumbels_are_the_twins_and_extend():
    noise = gumbench.gumbel((3, 7), seed=2**63 + 5, dtype="float64")
    for row, element in itertools.product(range(3), range(7)):
        u = reference_noise.uniform64(2**63 + 5, 0, row, 0, 0, 1, element)
        assert noise[row, element] == pytest.approx(reference_noise.gumbel(u), abs=1e-13)
    longer = gumbench.gumbel((2, 9), seed=2**63 + 5, first=1, dtype="float64")
    np.testing.assert_array_equal(longer[:, :7], noise[1:])
    np.testing.assert_allclose(gumbench.gumbel((3, 7), seed=2**63 + 5), noise, atol=2e-6)


@njit(**OPTIONS)
def drawn(logits, gumbels, category):
    simplex.draw(logits, gumbels, category)


@njit(**OPTIONS)
def raced(logits, exponentials, category):
    simplex.exponential_race(logits, exponentials, category)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "row", [[0.0, 1.0, -2.0, 0.5], [-np.inf, 3.0, -np.inf, 2.0], [500.0, 499.0, -900.0, 480.0]]
)
def test_a_race_draws_what_gumbels_do(row, dtype):
    bound = bind("categorical-quadratic", 4, dtype)
    gumbels, exponentials = (
        bound.fill(noise.request(kind, philox.NOISE), 5, 0, 200_000)
        for kind in ("gumbel", "exponential")
    )
    near = 4e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(gumbels, -np.log(exponentials.astype(float)), atol=near)
    logits = np.array([row], dtype)
    category, other = np.empty((2, 1, gumbels.shape[2]), np.int32)
    drawn(logits, gumbels, category)
    raced(logits, exponentials, other)
    scores = np.sort(logits[0, :, None].astype(float) + gumbels[0], axis=0)
    clear = scores[-1] - scores[-2] > 1e-4
    assert clear.mean() > 0.999
    np.testing.assert_array_equal(category[0, clear], other[0, clear])
    raced(logits, exponentials[:, ::-1].copy(), other)
    assert (category != other).any()


def test_normals_follow_their_law():
    bound = bind("gaussian-quadratic", 4)
    sample = bound.noise(1, 8, 0, 300_000).ravel()
    assert stats.kstest(sample, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(sample.reshape(4, -1))[0, 1]) < 4 / math.sqrt(300_000)


def bind(name, dimension, dtype="float32"):
    from gumbench.engine.bound_problem import BoundProblem

    return BoundProblem(gumbench.make_problem(name, dimension), dtype)


@njit(**OPTIONS)
def concrete(y, logits, temperature):
    return laws.concrete_log_density(y, logits, temperature)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_concrete_density_integrates_to_one(temperature):
    two, three = np.array([0.5, -1.0]), np.array([0.2, -0.4, 1.0])

    def density(logits, *y):
        return math.exp(concrete(np.array(y), logits, temperature))

    def logit_density(t):
        """Density of logit y_1 at C = 2; its tails reach as far as 1/τ."""
        y, rest = special.expit(t), special.expit(-t)
        return density(two, y, rest) * y * rest

    def stick_density(s, t):
        """Density of the logits of the two broken sticks at C = 3."""
        (a, rest), (b, last) = ((special.expit(x), special.expit(-x)) for x in (s, t))
        return density(three, a, rest * b, rest * last) * a * rest * b * last * rest

    grid, step = np.linspace(-36 / temperature, 36 / temperature, 401, retstep=True)
    assert step * sum(map(logit_density, grid)) == pytest.approx(1, abs=1e-3)
    total = sum(stick_density(s, t) for s in grid for t in grid)
    assert step**2 * total == pytest.approx(1, abs=2e-3)


def test_the_density_without_powers_of_y_does_not_integrate_to_one():
    def slip(y, temperature=1.0):
        weights = [math.exp(0.5), math.exp(-1.0)]
        points = [y, 1 - y]
        total = sum(w * p**-temperature for w, p in zip(weights, points, strict=True))
        return temperature * weights[0] * weights[1] / total**2

    assert abs(integrate.quad(slip, 0, 1)[0] - 1) > 0.1


@pytest.mark.parametrize("temperature", [0.1, 1.0, 5.0])
def test_argmax_of_a_concrete_draw_has_softmax_probabilities(temperature):
    logits = np.array([1.0, 0.0, -2.0, 0.5])
    draws = gumbench.concrete(logits, temperature, 100_000, seed=5)
    counts = np.bincount(draws.argmax(axis=1), minlength=4)
    expected = 100_000 * np.array(reference_noise.softmax(logits))
    assert stats.chisquare(counts, expected).pvalue > 1e-3
    assert stats.chisquare(counts, expected[::-1]).pvalue < 1e-6
    np.testing.assert_allclose(draws.sum(axis=1), 1, rtol=1e-5)


@njit(**OPTIONS)
def condition(logits, log_total, exponentials, category, out):
    laws.condition(logits, log_total, exponentials, category, out)


def test_conditional_gumbels_have_the_law_of_gumbels_given_their_argmax():
    logits = np.array([[0.5, -1.0, 0.0]])
    n = 200_000
    noise = gumbench.gumbel((n, 3), seed=11, dtype="float64")
    scores = logits + noise
    drawn = scores.argmax(axis=1).astype(np.int32)
    fresh = np.exp(-gumbench.gumbel((n, 3), seed=12, dtype="float64"))
    out = np.empty((1, 3, n))
    log_total = special.logsumexp(logits, axis=1)
    condition(logits, log_total, fresh.T[None].copy(), drawn[None], out)
    np.testing.assert_array_equal(out[0].argmax(axis=0), drawn)
    for c in range(3):
        for winner in range(3):
            given = drawn == winner
            pair = stats.ks_2samp(scores[given, c], out[0, c, given])
            assert pair.pvalue > 1e-4, (c, winner)
    wrong = stats.ks_2samp(scores[drawn == 0, 1], scores[drawn == 1, 1])
    assert wrong.pvalue < 1e-6


def test_conditional_gumbels_survive_extreme_logits():
    logits = np.array([[1e4, -1e4, -np.inf, 0.0]])
    out = np.empty((1, 4, 16))
    fresh = np.exp(-gumbench.gumbel((16, 4), seed=1, dtype="float64")).T[None].copy()
    condition(logits, np.array([1e4]), fresh, np.zeros((1, 16), np.int32), out)
    assert np.isneginf(out[0, 2]).all()
    assert np.isfinite(np.delete(out[0], 2, axis=0)).all()
    assert (out[0].argmax(axis=0) == 0).all()
