"""Policy gradients: exact ones against all paths, variances against closed forms, wrong tables."""

import functools
import itertools
import math

import numpy as np
import pytest
from measured import LEVEL, a_cell, variance_p
from reference_noise import softmax

import gumbench
from gumbench import registry
from gumbench.distributions import trajectory
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.exact import reference_gradient
from gumbench.engine.moments import Silent
from gumbench.measure.variance import _measure_together
from gumbench.types import BATCHES

ESTIMATES = 1 << 20
PROBLEMS = [
    ("trajectory-bernoulli", 4, {"theta": 0.3}),
    ("trajectory-mdp", 3, {"states": 2, "actions": 3}),
    ("trajectory-mdp", 3, {"states": 3, "actions": 2, "offset": 10.0, "skew": 3.0}),
    ("random-walk", 6, {}),
    ("discrete-gan", 3, {"order": 1, "categories": 3}),
]


@functools.cache
def bound(place, dtype="float64"):
    name, dimension, settings = PROBLEMS[place]
    return BoundProblem(registry.make_problem(name, dimension, settings), dtype)


def mean_return(problem, theta):
    """Over all paths, a product of probabilities each."""
    here = BoundProblem(problem, "float64", theta=theta)
    first, move, reward = trajectory.tables(here)
    policy = [softmax(list(row)) for row in here.dist_params]
    steps, states, actions = reward.shape
    total = 0.0

    def walk(t, state, chance, earned):
        nonlocal total
        if t == steps:
            total += chance * earned
            return
        for a in range(actions):
            chosen = chance * policy[state][a]
            if chosen == 0:
                continue
            gain = earned + reward[t, state, a]
            if t == steps - 1:
                walk(steps, 0, chosen, gain)
                continue
            for n in range(states):
                if move[state, a, n] > 0:
                    walk(t + 1, n, chosen * move[state, a, n], gain)

    for s in range(states):
        if first[s] > 0:
            walk(0, s, first[s], 0.0)
    return total


@pytest.mark.parametrize("place", range(len(PROBLEMS)))
def test_exact_gradients_by_all_paths(place):
    problem = bound(place).problem
    truth = gumbench.exact_gradient(problem)
    assert truth.source == "dynamic programming"
    for i in range(problem.theta.size):
        step = np.zeros(problem.theta.size)
        step[i] = 1e-5
        ends = [mean_return(problem, problem.theta + sign * step) for sign in (1, -1)]
        assert truth.gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6, abs=1e-7)


def test_the_recurrent_generator_has_the_return_of_its_discriminator():
    """-log D/(1 - D) of all token sequences, from the weights themselves."""
    tokens, categories = 3, 3
    plain = registry.make_problem("discrete-gan", tokens, {"categories": categories})
    here = bound(4)
    _, _, reward = trajectory.tables(here)
    flat = BoundProblem(plain, "float64")
    for v in itertools.product(range(categories), repeat=tokens):
        before = (categories, *v[:-1])
        earned = sum(reward[t, s, a] for t, (s, a) in enumerate(zip(before, v, strict=True)))
        f = flat.value_at(np.array(v, np.int32)[:, None])[0]
        assert earned == pytest.approx(f, rel=1e-12)


def measured(here, name, samples=None, temperature=None, settings=(), estimates=ESTIMATES):
    estimator = registry.estimators(name)["trajectory"]
    if estimator.inner_samples and samples is None:
        samples = estimator.inner_samples.default
    cell = a_cell(here, name, 5, estimates, samples, temperature)
    cell = type(cell)(**{**vars(cell), "estimator_settings": tuple(settings)})
    truth = reference_gradient(here, 0, BATCHES)
    (record,) = _measure_together([cell], here, estimator, truth, Silent())
    return next(iter(record.parts.values())), record


VALUE = (("baseline", "value"),)
UNBIASED = [
    ("score", ()),
    ("reward-to-go", ()),
    ("score-loo", ()),
    ("reward-to-go-baseline", ()),
    ("reward-to-go-baseline", VALUE),
]


@pytest.mark.parametrize("place", range(len(PROBLEMS)))
@pytest.mark.parametrize(("name", "settings"), UNBIASED)
def test_unbiased(place, name, settings):
    part, _ = measured(bound(place, "float32"), name, settings=settings)
    assert part.bias_p > LEVEL / 100


@pytest.mark.parametrize("place", [1, 2])
def test_relaxed_actions_lose_their_bias_as_they_cool(place):
    here = bound(place, "float32")
    hot, cold = (measured(here, "concrete", temperature=t)[0] for t in (2.0, 0.05))
    assert hot.bias_p < LEVEL
    assert cold.bias_norm < 0.35 * hot.bias_norm


def test_an_error_of_one_percent_is_seen():
    here = bound(1, "float32")
    truth = reference_gradient(here, 0, BATCHES)
    part, _ = measured(here, "reward-to-go-baseline", settings=VALUE, estimates=1 << 22)
    assert part.variance / (1 << 22) < (0.002 * np.abs(truth.gradient).max()) ** 2
    assert part.bias_p > LEVEL / 100


@pytest.mark.parametrize(("steps", "theta"), [(6, 0.5), (4, 0.2), (24, 0.7)])
def test_variances_of_bernoulli_actions(steps, theta):
    v = theta * (1 - theta)
    m3, m4 = v * (1 - 2 * theta), v * (1 - 3 * v)
    forms = {
        ("score", ()): steps**3 * theta**2 * v
        + 2 * steps**2 * theta * m3
        + steps * (m4 - v**2)
        + 2 * steps * (steps - 1) * v**2,
        ("reward-to-go", ()): theta**2 * v * steps * (steps + 1) * (2 * steps + 1) / 6
        + theta * m3 * steps * (steps + 1)
        + steps * (m4 - v**2)
        + steps * (steps - 1) * v**2 / 2,
        ("reward-to-go-baseline", VALUE): steps * (m4 - v**2) + steps * (steps - 1) * v**2 / 2,
    }
    if (steps, theta) == (6, 0.5):
        assert [round(x, 6) for x in forms.values()] == [17.25, 6.625, 0.9375]
    problem = registry.make_problem("trajectory-bernoulli", steps, {"theta": theta})
    here = BoundProblem(problem, "float32")
    for (name, settings), form in forms.items():
        samples = 2 if settings else None
        part, _ = measured(here, name, samples, settings=settings)
        found = {"variance": part.variance, "relative_error": part.relative_error}
        wanted = form / (samples or 1)
        assert variance_p(found, wanted) > LEVEL / 10, name
        assert variance_p(found, wanted * (1 + 8 * part.relative_error)) < LEVEL


def test_the_value_function_is_an_oracle():
    _, loo = measured(bound(1), "reward-to-go-baseline", estimates=6400)
    _, value = measured(bound(1), "reward-to-go-baseline", settings=VALUE, estimates=6400)
    assert (loo.result["oracle"], value.result["oracle"]) == (False, True)


MDP = {
    "logits": np.zeros((2, 3)),
    "transitions": np.full((2, 3, 2), 0.5),
    "rewards": np.arange(6.0).reshape(2, 3),
    "horizon": 4,
}


def test_a_process_of_a_users():
    problem = gumbench.TrajectoryProblem(**MDP, start=[0.25, 0.75])
    gradient = gumbench.exact_gradient(problem).gradient
    estimates = gumbench.estimate(problem, "reward-to-go", 1 << 18)
    error = estimates.std(axis=0) / math.sqrt(len(estimates))
    assert (np.abs(estimates.mean(axis=0) - gradient) < 5 * error).all()
    late = {**MDP, "rewards": np.tile(MDP["rewards"], (4, 1, 1))}
    again = gumbench.exact_gradient(gumbench.TrajectoryProblem(**late, start=[0.25, 0.75]))
    np.testing.assert_allclose(again.gradient, gradient)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transitions": np.full((2, 3, 2), 0.4)}, r"transitions\[0, 0\] sum to 0.8: give 1"),
        ({"transitions": np.full((2, 3, 2), [1.5, -0.5])}, r"transitions\[0, 0, 1\] is -0.5"),
        ({"transitions": np.full((2, 3, 3), 1 / 3)}, r"shape \(2, 3, 3\): give \(2, 3, 2\)"),
        ({"transitions": np.full((2, 3, 2), np.nan)}, "transitions.* is nan: give finite"),
        ({"transitions": 1.0}, r"shape \(\): give 3 axes"),
        ({"horizon": 0}, "horizon = 0: give a whole number of steps from 1"),
        ({"horizon": 2.5}, "horizon = 2.5"),
        ({"rewards": np.zeros((3, 2))}, r"rewards have shape \(3, 2\): give \(2, 3\) or"),
        ({"rewards": np.full((2, 3), np.inf)}, r"rewards\[0, 0\] is inf"),
        ({"logits": np.zeros(3)}, r"logits have shape \(3,\): give 2 axes"),
        ({"logits": "policy"}, "logits are no table of numbers"),
        ({"logits": np.full((2, 3), np.nan)}, "logits.* is nan"),
        ({"start": 2}, "start = 2: give a state from 0 to 1"),
        ({"start": [0.5, 0.6]}, "start.* sum to 1.1: give 1"),
        ({"start": [1.0]}, r"start has shape \(1,\): give \(2,\)"),
    ],
)
def test_tables_that_are_no_process(change, message):
    with pytest.raises(gumbench.InputError, match=message):
        gumbench.TrajectoryProblem(**{**MDP, **change})


def test_what_does_not_apply_says_what_it_needs():
    problem = gumbench.TrajectoryProblem(**MDP)
    with pytest.raises(gumbench.InputError, match="no such estimator for the trajectory family"):
        gumbench.estimate(problem, "straight-through", 8)
    with pytest.raises(gumbench.InputError, match="needs at least 2"):
        gumbench.estimate(problem, "score-loo", 8, inner_samples=1)
