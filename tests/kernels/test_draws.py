"""Draws that an estimator asks for: two ways to make them, one law, one mean and variance."""

import numpy as np
import pytest
from scipy import stats

import gumbench
from gumbench import registry
from gumbench.distributions import categorical
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.types import Noise

COUNT = 400_000
ROWS = {
    "even": [0.0, 0.0, 0.0],
    "two": [0.3, -1.0],
    "masked": [-np.inf, 0.5, -np.inf, 1.0, 0.0, -np.inf],
    "steep": [500.0, 499.0, -900.0, 498.0, 497.5],
    "one": [1.0],
}


def value(x):
    return x[:, :, 0].sum(axis=1)


def draws(logits, dtype, fastest):
    """(variables, n) categories that a kernel gets."""
    bound = BoundProblem(gumbench.CategoricalProblem(logits, value, compiled=False), dtype)
    estimator = registry.estimators("score")["categorical"]
    bound_estimator = bind_estimator(bound, estimator, [1.0], None, 3, fastest_draws=fastest)
    return bound_estimator._noise_block(0, COUNT).draws[0]


def p_of(drawn, probability):
    """p of χ², 0 where a category was drawn that cannot be."""
    seen = np.bincount(drawn, minlength=probability.size)
    possible = probability > 1e-8
    if seen[~possible].any():
        return 0.0
    if possible.sum() == 1:
        return 1.0
    return stats.chisquare(seen[possible], probability[possible] * seen.sum()).pvalue


@pytest.mark.parametrize("fastest", [False, True], ids=["race", "inverse-cdf"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_draws_follow_their_law(row, dtype, fastest):
    logits = np.array([row, row[::-1]])
    drawn = draws(logits, dtype, fastest)
    probability = categorical.probabilities(logits)
    for v in range(2):
        assert p_of(drawn[v], probability[v]) > 1e-4
    if len(row) > 2 and np.isfinite(row).all() and max(row) < 10:
        assert p_of(drawn[0], np.roll(probability[0] + [0.01, 0.0, -0.01], 0)) < 1e-4


@pytest.mark.parametrize("name", ["score", "score-loo", "straight-through", "local-expectation"])
def test_both_give_one_mean_and_variance(name):
    problem = registry.make_problem("categorical-vae", 3)
    estimator = registry.estimators(name)["categorical"]
    inner = estimator.inner_samples and estimator.inner_samples[1]
    found = []
    for fastest in (False, True):
        bound_estimator = bind_estimator(
            BoundProblem(problem, "float32"), estimator, [1.0], inner, 5, fastest_draws=fastest
        )
        found.append(bound_estimator.collect(0, 0, COUNT).astype(float))
    (first, second), n = found, COUNT
    error = np.sqrt((first.var(axis=0) + second.var(axis=0)) / n)
    z = np.abs(first.mean(axis=0) - second.mean(axis=0)) / np.maximum(error, 1e-12)
    assert z.max() < stats.norm.isf(1e-4 / z.size)
    size, other = (((f - f.mean(axis=0)) ** 2).sum(axis=1) for f in found)
    error = np.hypot(size.std(), other.std()) / np.sqrt(n)
    assert abs(size.mean() - other.mean()) < 4 * error
    assert not np.array_equal(first, second)


def test_arrays_of_one_purpose_are_told_apart():
    from gumbench.engine.bound_estimator import NoiseRequests

    declared = [Noise("gumbel"), Noise("draw"), Noise("draw"), Noise("uniform", per="variable")]
    declared += [Noise("gumbel", purpose="conditional")]
    found = NoiseRequests(declared, categorical.DRAWN, None)
    words = [tuple(row[1:3]) for row in (*found.by_category, *found.by_variable)]
    assert len(set(words)) == len(words) == 5
    assert found.draws == 2
    assert len(found.by_variable) == 1
    fastest = NoiseRequests(declared, categorical.DRAWN_FASTEST, None)
    assert (len(fastest.by_category), len(fastest.by_variable)) == (2, 3)


@pytest.mark.parametrize(
    "facts", [{"kind": "gumbels"}, {"kind": "draw", "per": "row"}, {"kind": "draw", "purpose": "x"}]
)
def test_noise_that_there_is_not_is_refused(facts):
    with pytest.raises(gumbench.InputError, match="of noise is called"):
        Noise(**facts)
