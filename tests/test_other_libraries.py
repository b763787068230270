"""What gumbench is raced against follows the law it should: what is timed is what is checked."""

import importlib

import numpy as np
import pytest
from exact import softmax
from scipy import stats

import gumbench

for library in ("torch", "jax", "mkl_random"):
    pytest.importorskip(library)
other_libraries = importlib.import_module("other_libraries")

SIZE, CALLS, OURS = 8, 4, 1 << 21
LEAST_P = 1e-5
ROW = np.random.default_rng(3).normal(size=7).astype(np.float32)
INNER = {"gumbel-rao": 3, "score-loo": 2}
ESTIMATORS = {**other_libraries.torch_estimators(SIZE), **other_libraries.jax_estimators(SIZE)}
SAMPLERS = {
    **other_libraries.one_draw_a_row(np.tile(ROW, (1 << 17, 1))),
    **other_libraries.many_draws(ROW, 1 << 17),
}


def moments(call, units):
    """Mean, variance and number of the estimates of a few calls."""
    sums = np.array([[np.asarray(part, float) for part in call()] for _ in range(CALLS)])
    count = CALLS * units // SIZE
    first, second = sums.sum(axis=0) / count
    return first, second - first**2, count


@pytest.fixture(scope="module")
def ours():
    """Mean and variance of many of our estimates, by name."""

    def of(name):
        problem = gumbench.make_problem("categorical-quadratic", SIZE)
        temperature = 1.0 if name == "concrete" else None
        estimates = gumbench.estimate(problem, name, OURS, temperature=temperature)
        return estimates.mean(axis=0, dtype=float), estimates.var(axis=0, dtype=float)

    return {name: of(name) for name in ("concrete", "score")}


def p_value(call, units, mean, variance):
    """Of the largest distance of a component's mean from ours, in standard errors."""
    theirs, spread, count = moments(call, units)
    z = np.abs(theirs - mean) / np.sqrt(spread / count + variance / OURS)
    np.testing.assert_allclose(spread, variance, rtol=0.03)
    return SIZE * 2 * stats.norm.sf(z.max())


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimator(name, ours):
    assert p_value(*ESTIMATORS[name], *ours[name.split()[0]]) > LEAST_P


def test_a_mean_wrong_by_three_percent_is_seen(ours):
    call, units = ESTIMATORS["concrete torch by hand"]
    mean, variance = ours["concrete"]
    assert p_value(call, units, 1.03 * mean, variance) < LEAST_P


def p_value_of(draws, p):
    counts = np.bincount(np.asarray(draws).ravel(), minlength=p.size)
    return stats.chisquare(counts, p * counts.sum()).pvalue


@pytest.mark.parametrize("name", SAMPLERS)
def test_sampler(name):
    assert p_value_of(SAMPLERS[name][0](), np.array(softmax(ROW.astype(float)))) > LEAST_P


def test_a_probability_wrong_by_three_percent_is_seen():
    wrong = np.array(softmax(ROW.astype(float)))
    wrong[0] *= 1.03
    assert p_value_of(SAMPLERS["draws numpy choice"][0](), wrong / wrong.sum()) < LEAST_P


@pytest.mark.parametrize("name", fills := other_libraries.fills(1 << 17))
def test_fill(name):
    """mkl_random 1.5 draws the law of minima, that of -G, where numpy draws that of maxima."""
    law, mirrored = stats.gumbel_r, stats.gumbel_l
    if "mkl" in name:
        law, mirrored = mirrored, law
    sample = fills[name][0]()
    assert stats.kstest(sample, law.cdf).pvalue > LEAST_P
    assert stats.kstest(sample, mirrored.cdf).pvalue < LEAST_P
