"""Exact moments against closed forms, and the identities between estimators that they show."""

import dataclasses
import math

import exact
import numpy as np
import pytest
from measured import bind

import gumbench
from gumbench import registry
from gumbench.engine import applicability
from gumbench.engine.exact_moments import MOST_POINTS, exact_moments

CATEGORICAL = [
    ("bernoulli-toy", 1, {"theta": 0.3}),
    ("categorical-quadratic", 4, {"skew": 2.0}),
    ("categorical-linear", 5, {"offset": 30.0}),
    ("categorical-nonseparable", 2, {"categories": 3}),
    ("table", 1, {"instance": 3, "skew": 1.0}),
]
GAUSSIAN = [("gaussian-shifted", 1, {"mu": 0.5, "sigma": 1.3, "k": -0.7}), ("gaussian-kl", 1, {})]


def moments(place, name, temperature=1.0, samples=None, most=MOST_POINTS, **settings):
    problem, dimension, of_problem = place
    bound = bind(problem, dimension, tuple(of_problem.items()), "float64")
    estimator = registry.estimators(name)[bound.problem.family]
    if estimator.inner_samples and samples is None:
        samples = estimator.inner_samples.usual(bound.problem)
    center = np.zeros(bound.theta.size)
    settings = estimator.all_settings(settings)
    return exact_moments(bound, estimator, temperature, samples, 0, settings, most, center)


def gradient(place):
    problem, dimension, settings = place
    bound = bind(problem, dimension, tuple(settings.items()), "float64")
    return gumbench.exact_gradient(bound.problem, dtype="float64").gradient


def one_row(place):
    """Probabilities and values of the outcomes of one variable, in plain Python."""
    problem, dimension, settings = place
    bound = bind(problem, dimension, tuple(settings.items()), "float64")
    theta = [float(x) for x in bound.dist_params[0]]
    f = bound.value_at(np.arange(len(theta), dtype=np.int32)[None, :])
    return exact.softmax(theta), [float(x) for x in f]


@pytest.mark.parametrize("place", CATEGORICAL[1:3])
def test_traces_of_one_variable(place):
    p, f = one_row(place)
    mean = exact.mean_of(p, f)
    forms = {
        "score": exact.score_trace(p, f),
        "score-mean": exact.score_trace(p, f, mean),
        "score-greedy": exact.score_trace(p, f, f[p.index(max(p))]),
        "score-baseline": exact.score_baseline_trace(p, f),
        "score-loo": exact.score_loo_trace(p, f, 4),
        "score-group-mean": exact.score_loo_trace(p, f, 4) * 0.75**2,
    }
    for name, form in forms.items():
        assert moments(place, name).variance.sum() == pytest.approx(form, rel=1e-9), name
    best = moments(place, "score-baseline").variance.sum()
    assert best < min(moments(place, name).variance.sum() for name in ("score", "score-mean"))


@pytest.mark.parametrize("theta", [0.1, 0.3, 0.5, 0.9])
def test_one_bernoulli(theta):
    place, v, t = ("bernoulli-toy", 1, {"theta": theta, "t": 0.45}), theta * (1 - theta), 0.45
    one, zero = (1 - t) ** 2, t**2
    delta = one - zero
    forms = {
        "score": (v * ((1 - theta) * one**2 + theta * zero**2) - v**2 * delta**2, v * delta),
        "straight-through": (4 * v**3, v * delta + v * (2 * theta - 1)),
        "reinmax": (
            v * ((1 - theta) * (1 - t) ** 2 + theta * t**2) - v**2 * (1 - 2 * t) ** 2,
            v * delta,
        ),
        "score-loo": (0.5 * delta**2 * v * (1 - 2 * v), v * delta),
        "local-expectation": (0.0, v * delta),
    }
    for name, (variance, mean) in forms.items():
        found = moments(place, name, samples=2 if name == "score-loo" else None)
        assert found.variance[0] == pytest.approx(variance, rel=1e-9, abs=1e-15), name
        assert found.mean[0] == pytest.approx(mean, rel=1e-9, abs=1e-15), name


def test_gaussian_forms():
    place = GAUSSIAN[0]
    m, sigma = 1.2, 1.3
    forms = {
        "score": (
            m**4 / sigma**2 + 14 * m**2 + 15 * sigma**2,
            2 * m**4 / sigma**2 + 60 * m**2 + 74 * sigma**2,
        ),
        "score-antithetic": (8 * m**2, None),
        "pathwise": (4 * sigma**2, 4 * m**2 + 8 * sigma**2),
        "pathwise-antithetic": (0.0, None),
        "score-loo": (
            (12 * m**2 + 10 * sigma**2) / 4 + (4 * m**2 + 2 * sigma**2 - 4 * 2 * m**2) / 12,
            None,
        ),
    }
    for name, wanted in forms.items():
        found = moments(place, name).variance
        for part, form in zip(found, wanted, strict=True):
            assert form is None or part == pytest.approx(form, rel=1e-8, abs=1e-9), name


@pytest.mark.parametrize("place", CATEGORICAL + GAUSSIAN)
def test_declared_unbiased_is_unbiased(place):
    problem, dimension, settings = place
    bound = bind(problem, dimension, tuple(settings.items()), "float64")
    truth, seen = gradient(place), 0
    for name in registry.names("estimators"):
        estimator = registry.estimators(name).get(bound.problem.family)
        if applicability.why_not(estimator, bound.problem):
            continue
        found = moments(place, name, temperature=0.7)
        if found is None:
            continue
        seen += 1
        size = np.abs(truth).max() + np.sqrt(found.variance.max())
        bias = np.abs(found.mean - truth).max()
        assert (bias < 1e-9 * size) == estimator.unbiased or estimator.exact_for, name
    assert seen >= (3 if bound.problem.family == "gaussian" else 6)


@pytest.mark.parametrize("place", CATEGORICAL[:4])
@pytest.mark.parametrize("samples", [2, 3])
def test_the_group_mean_is_leave_one_out_made_smaller(place, samples):
    loo = moments(place, "score-loo", samples=samples)
    group = moments(place, "score-group-mean", samples=samples)
    shrink = 1 - 1 / samples
    np.testing.assert_allclose(group.mean, shrink * loo.mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(group.variance, shrink**2 * loo.variance, rtol=1e-9, atol=1e-12)
    bias = group.mean - gradient(place)
    np.testing.assert_allclose(bias, -gradient(place) / samples, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("place", CATEGORICAL[:4])
def test_reinmax_at_one_is_half_straight_through_and_half_darn(place):
    problem, dimension, settings = place
    made = registry.make_problem(problem, dimension, settings)
    one, st, darn = (
        gumbench.estimate(made, name, 500, temperature=1.0, dtype="float64")
        for name in ("reinmax", "straight-through", "darn")
    )
    size = 1e-12 * np.abs(one).max()
    np.testing.assert_allclose(one, (st + darn) / 2, rtol=1e-10, atol=size)


def test_reinmax_is_exact_for_quadratics_of_one_variable_at_one_half_only():
    place = CATEGORICAL[1]
    exact_mean = gradient(place)
    for weight, exact_there in ((0.5, True), (0.3, False), (0.0, False), (1.0, False)):
        found = moments(place, "reinmax", weight=weight)
        assert np.allclose(found.mean, exact_mean, rtol=1e-9) == exact_there
    linear = CATEGORICAL[2]
    for weight in (0.0, 0.3, 0.5, 1.0):
        found = moments(linear, "reinmax", weight=weight)
        np.testing.assert_allclose(found.mean, gradient(linear), rtol=1e-9, atol=1e-10)


def test_straight_through_and_darn_err_to_opposite_sides_on_quadratics():
    place = CATEGORICAL[1]
    truth = gradient(place)
    left, right = (moments(place, n).mean - truth for n in ("straight-through", "darn"))
    np.testing.assert_allclose(left, -right, rtol=1e-8, atol=1e-12)


def test_a_step_is_not_integrated():
    place = ("gaussian-step", 1, {"force": 1})
    assert moments(place, "score") is None


def test_no_more_points_than_allowed():
    place = ("categorical-quadratic", 10, {})
    assert moments(place, "score-loo", samples=4, most=10_000) is not None
    assert moments(place, "score-loo", samples=4, most=9_999) is None


SWEEP = {
    "problems": ["categorical-nonseparable"],
    "dimensions": [2],
    "estimators": ["score", "straight-through", "score-loo", "concrete"],
    "temperatures": [0.5],
    "inner_samples": [6],
    "estimates": 6400,
}


def test_exact_columns_of_a_sweep():
    rows = {r["estimator"]: r for r in gumbench.sweep(**SWEEP).rows("variance")}
    assert rows["score"]["exact_bias_norm"] == 0.0
    assert rows["straight-through"]["exact_bias_norm"] > 0.01
    assert rows["score"]["covered"] is True
    # 9^6 points are more than there are estimates.
    for name in ("score-loo", "concrete"):
        assert rows[name]["exact_variance"] is None
        assert rows[name]["covered"] is None
    asked = {r["estimator"]: r for r in gumbench.sweep(**SWEEP, exact=True).rows("variance")}
    assert asked["score-loo"]["exact_variance"] == pytest.approx(
        asked["score-loo"]["variance"], rel=0.2
    )
    assert asked["concrete"]["exact_variance"] is None
    assert asked["score"]["cell"] != rows["score"]["cell"]


def test_intervals_that_miss_are_said():
    from gumbench.report import relative_errors

    run = gumbench.sweep(**{**SWEEP, "estimators": ["score"]})
    (record,) = run.records
    part = record.parts["logits"]
    assert relative_errors.covers_exact_variance(part)
    off = dataclasses.replace(part, exact_variance=1.5 * part.variance_high)
    assert relative_errors.covers_exact_variance(off) is False


def covered(number):
    """Whether the interval of a random setting holds its exact variance, with its own seed."""
    generator = np.random.default_rng([number, 13])
    run = gumbench.sweep(
        problems=["categorical-nonseparable"],
        dimensions=[2],
        settings={"instance": [int(generator.integers(2**30))], "skew": [0.7]},
        estimators=[("score", "straight-through", "darn", "muprop")[number % 4]],
        estimates=64 * 200,
        seed=number,
    )
    (row,) = run.rows("variance")
    return row["covered"]


@pytest.mark.parametrize("count", [100, pytest.param(600, marks=pytest.mark.slow)])
def test_intervals_cover_as_often_as_they_say(count):
    first = 1000 * count
    rate = sum(covered(number) for number in range(first, first + count)) / count
    assert abs(rate - 0.95) < 3.5 * math.sqrt(0.95 * 0.05 / count)
