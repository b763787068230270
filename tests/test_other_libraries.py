"""Estimators by hand that gumbench is raced against have its mean and its variance."""

import importlib

import numpy as np
import pytest
from scipy import stats

import gumbench
from gumbench import registry

pytest.importorskip("torch")
other_libraries = importlib.import_module("other_libraries")

SIZE, CALLS, OURS = 8, 4, 1 << 20
LEAST_P = 1e-5
INNER = {"gumbel-rao": 3, "score-loo": 2}
BY_HAND = other_libraries.torch_by_hand(SIZE, INNER)
GAUSSIAN = other_libraries.torch_gaussian(SIZE)


def moments(call, units):
    """Mean, variance and number of the estimates of a few calls."""
    sums = np.array([[np.asarray(part, float) for part in call()] for _ in range(CALLS)])
    count = CALLS * units // SIZE
    first, second = sums.sum(axis=0) / count
    return first, second - first**2, count


def p_value(call, units, estimates, wrong=1.0):
    """Of the largest distance of a component's mean from ours, in standard errors."""
    theirs, spread, count = moments(call, units)
    mean, variance = estimates.mean(axis=0, dtype=float), estimates.var(axis=0, dtype=float)
    np.testing.assert_allclose(spread, variance, rtol=0.05)
    z = np.abs(theirs - wrong * mean) / np.sqrt(spread / count + variance / OURS)
    return z.size * 2 * stats.norm.sf(z.max())


def estimates(name, problem):
    family = gumbench.make_problem(problem, SIZE)
    declared = registry.estimators(name)[family.family]
    options = {"temperature": 1.0} if declared.takes_temperature else {}
    return gumbench.estimate(family, name, OURS, inner_samples=INNER.get(name), **options)


@pytest.mark.parametrize("name", BY_HAND)
def test_categorical(name):
    found = estimates(name, "categorical-quadratic")
    assert p_value(*BY_HAND[name], found) > LEAST_P
    assert p_value(*BY_HAND[name], found, 1.1) < LEAST_P


@pytest.mark.parametrize("name", GAUSSIAN)
def test_gaussian(name):
    found = estimates(name, "gaussian-shifted")
    assert p_value(*GAUSSIAN[name], found) > LEAST_P
    assert p_value(*GAUSSIAN[name], found, 1.1) < LEAST_P
