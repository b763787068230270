"""Biased estimators against quadrature, and how often the bias test cries."""

import dataclasses
import functools
import itertools
import math

import exact
import numba
import numpy as np
import pytest
from measured import (
    ESTIMATES,
    LEVEL,
    bind,
    first_part,
    mean_ps,
    measured,
    numbers,
    sidak,
    variance_p,
)
from scipy import integrate

from gumbench import registry
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.exact import reference_gradient
from gumbench.types import BATCHES

# Straight-through and its bias.

STRAIGHT = [(c, instance, skew) for c in (3, 5, 10) for instance, skew in ((1, 0.5), (2, 1.0))]
STRAIGHT_ESTIMATES = 1 << 19


def straight_quadratic(number, c, instance, skew):
    """What is found, and the enumerated mean."""
    bound = bind("categorical-quadratic", c, (("instance", instance), ("skew", skew)))
    p, target = exact.softmax(numbers(bound.theta)), numbers(bound.data)[:-1]
    # Below this a component's standard error is not one of a normal mean.
    assert min(p) * STRAIGHT_ESTIMATES > 1000
    gradients = [[2 * ((i == k) - b) for k, b in enumerate(target)] for i in range(c)]
    mean, _ = exact.enumerated_straight_through(p, gradients)
    return first_part(bound, "straight-through", 5000 + number, STRAIGHT_ESTIMATES), mean


def straight_bernoulli(number, t, theta):
    bound = bind("bernoulli-toy", 1, (("t", t), ("theta", theta)))
    bias = exact.bernoulli_straight_through_bias(theta)
    found = first_part(bound, "straight-through", 5100 + number, STRAIGHT_ESTIMATES)
    return found, [exact.bernoulli_gradient(t, theta) + bias]


@pytest.fixture(scope="module")
def straight_runs():
    points = itertools.product((0.45, 0.2), (0.1, 0.3, 0.8))
    return [
        *(straight_quadratic(i, *row) for i, row in enumerate(STRAIGHT)),
        *(straight_bernoulli(i, *row) for i, row in enumerate(points)),
    ]


def test_straight_through_has_the_enumerated_mean(straight_runs):
    assert sidak([mean_ps(found, mean) for found, mean in straight_runs]) > LEVEL


def test_straight_through_bias_is_inside_its_interval(straight_runs):
    inside = [
        f["bias_low"] <= np.linalg.norm(np.array(mean) - f["components"]["truth"]) <= f["bias_high"]
        for f, mean in straight_runs
    ]
    assert sum(inside) >= len(inside) - 3


def test_straight_through_is_seen_biased(straight_runs):
    """The controls: against the exact gradient, and against the bias with its sign turned."""
    for found, mean in straight_runs:
        assert found["bias_p"] < 1e-6
        truth = np.array(found["components"]["truth"])
        assert sidak([mean_ps(found, 2 * truth - mean)]) < 1e-6


# Concrete with two categories, by quadrature over the logistic noise.

TEMPERATURES = (2.0, 1.0, 0.5, 0.1, 0.05, 0.02, 0.005)
TOYS = [(0.45, 0.5), (0.45, 0.3), (0.2, 0.8)]


def quadrature(function, low, high):
    points = np.linspace(low, high, 9)[1:-1]
    value, error = integrate.quad(
        function, low, high, points=points, limit=400, epsabs=0, epsrel=1e-11
    )
    assert error <= 1e-9 * abs(value) + 1e-14
    return value


@functools.cache
def toy_moments(t, theta, temperature):
    phi = math.log(theta / (1 - theta))
    return exact.concrete_moments(lambda y: 2 * (y - t), phi, temperature, quadrature)


@functools.cache
def pair_moments(instance, temperature):
    """Of the second logit; the first is its negative."""
    bound = bind("categorical-quadratic", 2, (("instance", instance),), "float32")
    (low, high), (b0, b1, _) = numbers(bound.theta), numbers(bound.data)
    slope = lambda y: 2 * ((y - b1) - (1 - y - b0))  # noqa: E731
    return exact.concrete_moments(slope, high - low, temperature, quadrature)


def concrete_rows():
    """Measured part, its mean and its variance by quadrature."""
    cases = itertools.product(TEMPERATURES, (*TOYS, 1, 2))
    for number, (temperature, case) in enumerate(cases):
        # float64 where 1/τ is large: float32 noise has a grid of its own there.
        dtype = "float64" if number % 2 else "float32"
        if isinstance(case, tuple):
            bound = bind("bernoulli-toy", 1, (("t", case[0]), ("theta", case[1])), dtype)
            mean, variance = toy_moments(*case, temperature)
            wanted = [mean], variance
        else:
            bound = bind("categorical-quadratic", 2, (("instance", case),), dtype)
            mean, variance = pair_moments(case, temperature)
            wanted = [-mean, mean], 2 * variance
        found = first_part(bound, "concrete", 6000 + number, 1 << 20, temperature=temperature)
        yield temperature, case, found, *wanted


@pytest.fixture(scope="module")
def concrete_runs():
    return list(concrete_rows())


def test_concrete_has_the_variance_of_the_quadrature(concrete_runs):
    assert sidak([variance_p(found, v) for *_, found, _, v in concrete_runs]) > LEVEL


def test_concrete_has_the_mean_of_the_quadrature(concrete_runs):
    # One p a run: the two logits' means are one number.
    ps = [mean_ps(found, mean)[-1:] for *_, found, mean, _ in concrete_runs]
    assert sidak(ps) > LEVEL


def test_concrete_without_the_inverse_temperature_is_rejected(concrete_runs):
    """The control: the relaxation without its factor 1/τ, in mean and in variance."""
    for temperature, _, found, mean, variance in concrete_runs:
        if temperature != 1.0:
            assert variance_p(found, variance * temperature**2) < 1e-6
            assert sidak([mean_ps(found, np.multiply(mean, temperature))]) < 1e-6


@pytest.mark.parametrize(("t", "theta"), TOYS)
def test_concrete_variance_goes_as_one_over_the_temperature(t, theta):
    kappa = exact.concrete_kappa(t, theta)
    for temperature, error in ((0.05, 0.015), (0.02, 0.006)):
        _, variance = toy_moments(t, theta, temperature)
        assert variance * temperature == pytest.approx(kappa, rel=error)
    assert toy_moments(t, theta, 1.0)[1] != pytest.approx(kappa, rel=0.1)


def test_measured_concrete_variance_goes_as_one_over_the_temperature(concrete_runs):
    """Within its interval and the 1.5 % that the asymptote is off at τ = 0.05."""
    for temperature, case, found, _, _ in concrete_runs:
        if temperature <= 0.05 and isinstance(case, tuple):
            wanted = exact.concrete_kappa(*case) / temperature
            margin = 0.015 + 4 * found["relative_error"]
            assert found["variance"] == pytest.approx(wanted, rel=margin)


@pytest.mark.parametrize(("t", "theta"), TOYS)
def test_concrete_bias_goes_as_the_temperature(t, theta):
    gradient = exact.bernoulli_gradient(t, theta)
    biases = [toy_moments(t, theta, temperature)[0] - gradient for temperature in (0.02, 0.01)]
    if theta == 0.5:
        assert biases[0] / biases[1] == pytest.approx(4, rel=0.02)
    else:
        wanted = exact.concrete_slope(theta)
        assert biases[1] / 0.01 == pytest.approx(wanted, rel=0.01)
        assert biases[1] / 0.01 != pytest.approx(-wanted, rel=0.5)


def test_measured_concrete_bias_goes_as_the_temperature(concrete_runs):
    """At τ = 0.1, where the next order is a few percent of the slope."""
    for temperature, case, found, _, _ in concrete_runs:
        if temperature == 0.1 and isinstance(case, tuple) and case[1] != 0.5:
            (mean,), (truth,) = found["components"]["mean"], found["components"]["truth"]
            (error,) = found["components"]["standard_error"]
            wanted = temperature * exact.concrete_slope(case[1])
            assert abs(mean - truth - wanted) < 0.1 * abs(wanted) + 4 * error


# A step: what a derivative cannot see.

STEPS = [(0.0, 1.0, 0.5), (1.0, 0.5, 0.5), (-1.0, 2.0, 1.0)]


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_score_is_right_on_a_step_and_pathwise_is_seen_wrong(number):
    step = STEPS[number]
    settings = (*zip(("mu", "sigma", "k"), step, strict=True), ("force", 1))
    bound = bind("gaussian-step", 1, settings)
    score = measured(bound, "score", 7000 + number, 1 << 18)
    path = measured(bound, "pathwise", 7000 + number, 1 << 18)
    mu, sigma, k = step
    t = (k - mu) / sigma
    density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi) / sigma
    for part, truth in (("mean", density), ("scale", density * t)):
        assert score[part]["truth_norm"] == pytest.approx(abs(truth), rel=1e-5, abs=1e-12)
        assert score[part]["bias_p"] > LEVEL
        assert (path[part]["bias_p"] < 1e-6) == (truth != 0)


# The bias test: how often it cries, and what it sees.

SEEDS = 1000
FALSE_ALARMS = 0.005
TAIL = 0.001
SKEWED = {
    "rest even": [1 - TAIL, *[TAIL / 7] * 7],
    "rest halving": [1 - TAIL, *(TAIL * 0.5**k for k in range(1, 7)), TAIL * 0.5**6],
    "two likely": [0.6, 0.399, *(1e-3 * 0.1**k for k in range(6))],
    "never drawn": [1 - 1e-7, *[1e-7 / 7] * 7],
}


@functools.cache
def skewed(name, offset):
    """categorical-linear with given probabilities."""
    p = np.array(SKEWED[name])
    made = registry.make_problem("categorical-linear", p.size, {"offset": offset})
    return BoundProblem(dataclasses.replace(made, theta=np.log(p / p.sum())), "float32")


@functools.cache
def large(name):
    return bind(name, 1000, (("skew", 2.0),))


ALARM_ROWS = [
    (functools.partial(skewed, "rest even", 5.0), "score", 20_032),
    (functools.partial(skewed, "rest even", 0.0), "score-baseline", 20_032),
    (functools.partial(skewed, "rest even", 0.0), "gumbel-score", 20_032),
    (functools.partial(skewed, "rest halving", 0.0), "score", 20_032),
    (functools.partial(skewed, "rest halving", 5.0), "score-loo", 20_032),
    (functools.partial(skewed, "two likely", 0.0), "score", 20_032),
    (functools.partial(skewed, "two likely", 5.0), "score-loo", 20_032),
    (functools.partial(skewed, "never drawn", 5.0), "score", 20_032),
    (functools.partial(large, "categorical-linear"), "score", 4_096),
    (functools.partial(large, "categorical-quadratic"), "score", 4_096),
]


# The last two take 20 s each.
ALARM_NUMBERS = [
    pytest.param(number, marks=[pytest.mark.slow][: row[2] < 20_032])
    for number, row in enumerate(ALARM_ROWS)
]


def alarm_name(row):
    make, estimator, _ = row
    return "-".join(str(x) for x in (*make.args, estimator))


def bias_p(bound, estimator, seed, estimates, truth=None):
    inner = 2 if estimator == "score-loo" else None
    return first_part(bound, estimator, seed, estimates, inner, truth=truth)["bias_p"]


@pytest.fixture
def one_thread():
    """Calls this short spend longer in starting threads than in the work."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("number", ALARM_NUMBERS, ids=map(alarm_name, ALARM_ROWS))
def test_false_alarms_are_rare(number):
    make, estimator, estimates = ALARM_ROWS[number]
    bound = make()
    first = 10_000 + SEEDS * number
    ps = {seed: bias_p(bound, estimator, seed, estimates) for seed in range(first, first + SEEDS)}
    alarms = {seed: p for seed, p in ps.items() if p < LEVEL}
    assert len(alarms) < FALSE_ALARMS * SEEDS, dict(list(alarms.items())[:9])
    both = {s: (p, bias_p(bound, estimator, s, 10 * estimates)) for s, p in alarms.items()}
    assert all(again > LEVEL for _, again in both.values()), both


def planted(truth, error, component):
    """The truth with a component off by so much, relatively."""
    gradient = truth.gradient.copy()
    gradient[component] *= 1 + error
    return dataclasses.replace(truth, gradient=gradient)


def test_alarms_are_counted_where_the_truth_is_wrong():
    """The control of the counting: with a truth off by half, every seed cries."""
    bound = large("categorical-linear")
    truth = reference_gradient(bound, 0, BATCHES)
    wrong = planted(truth, 0.5, int(np.argmax(np.abs(truth.gradient))))
    ps = [bias_p(bound, "score", seed, 65_536, wrong) for seed in range(20)]
    assert max(ps) < LEVEL


UNBIASED_ON = {
    ("gaussian-quadratic", 1, ()): (*("score", "score-baseline", "score-loo", "pathwise"),),
    ("gaussian-kl", 1, ()): ("score", "score-loo", "pathwise", "sticking-the-landing"),
    ("categorical-linear", 4, (("skew", 0.5),)): (
        *("score", "score-baseline", "score-loo", "gumbel-score", "local-expectation", "exact"),
    ),
    ("table", 1, (("instance", 1), ("skew", 0.5))): (
        *("score", "score-baseline", "score-loo", "gumbel-score", "local-expectation"),
    ),
    ("bernoulli-sum", 3, (("t", 0.2),)): ("score", "score-baseline", "score-loo"),
}
POWER_ROWS = [(*key, name) for key, names in UNBIASED_ON.items() for name in names]
WANTED_Z = 8.0
MOST_ESTIMATES = 1 << 23


@pytest.mark.parametrize("number", range(len(POWER_ROWS)))
def test_an_error_of_one_percent_is_seen(number):
    """In the truth's largest component; where 2^23 estimates are too few, what they can see."""
    problem, dimension, settings, estimator = POWER_ROWS[number]
    bound = bind(problem, dimension, settings)
    inner = {"score-loo": 4}.get(estimator)
    truth = reference_gradient(bound, 0, BATCHES)
    pilot = next(iter(measured(bound, estimator, 8000 + number, ESTIMATES, inner).values()))
    variance = np.array(pilot["components"]["variance"])
    largest = int(np.argmax(np.abs(truth.gradient[: variance.size])))
    ratio = math.sqrt(variance[largest]) / abs(truth.gradient[largest])
    estimates = int(min(MOST_ESTIMATES, max(ESTIMATES, (WANTED_Z * ratio / 0.01) ** 2)))
    estimates = BATCHES * -(-estimates // BATCHES)
    error = max(0.01, WANTED_Z * ratio / math.sqrt(estimates))
    wrong = planted(truth, error, largest)
    args = (bound, estimator, 8100 + number, estimates, inner)
    assert first_part(*args)["bias_p"] > LEVEL
    assert first_part(*args, truth=wrong)["bias_p"] < 1e-6
    assert error <= 0.03
