"""Every estimator against a naive twin in NumPy that gets the same noise, on every problem."""

import categorical_twins
import gaussian_twins
import numpy as np
import numpy_problems
import pytest
import trajectory_twins
from twin_setting import SEED, TEMPERATURE, N, Setting

import gumbench
from gumbench import registry
from gumbench.engine import applicability

SIZES = {"categorical-vae": 3, "bernoulli-toy": 1, "classification": 3, "published": 1}
TWINS = {
    "categorical": categorical_twins,
    "gaussian": gaussian_twins,
    "trajectory": trajectory_twins,
}
# Twins that take differences of what they have no derivative of.
BY_DIFFERENCES = [
    ("categorical", "rebar"),
    ("categorical", "relax"),
    ("categorical", "redge"),
    ("trajectory", "concrete"),
]
# Those that divide by what may be little more than rounding.
DIVIDED = ["grpo"]


def twin(family, name):
    """The naive form of an estimator, a function (Setting)."""
    return getattr(TWINS[family], name.replace("-", "_"), None)


def pairs():
    for name in registry.names("problems"):
        problem = registry.make_problem(name, SIZES.get(name, 5))
        for estimator in registry.names("estimators"):
            declared = registry.estimators(estimator).get(problem.family)
            if not applicability.why_not(declared, problem):
                yield name, estimator


def test_every_estimator_has_a_twin():
    missing = [
        (family, name)
        for name in registry.names("estimators")
        for family in registry.estimators(name)
        if not twin(family, name)
    ]
    assert not missing
    assert set(numpy_problems.PROBLEMS) == set(registry.names("problems"))


def compare(problem, estimator, settings=()):
    """Hold estimates against the twin's, in both dtypes."""
    problem = registry.make_problem(problem, SIZES.get(problem, 5))
    declared = registry.estimators(estimator)[problem.family]
    inner = declared.inner_samples
    samples = next(k for k in (3, 4, 2, 1) if not inner.why_not(k, problem)) if inner else None
    setting = Setting(problem, samples or 1, declared.all_settings(settings))
    wanted = twin(problem.family, estimator)(setting)
    dist_params, direct = wanted if isinstance(wanted, tuple) else (wanted, 0.0)
    wanted = numpy_problems.pull_back(setting.bound, dist_params) + direct
    options = {
        "temperature": TEMPERATURE,
        "inner_samples": samples,
        "settings": dict(settings),
        "seed": SEED,
    }
    random = setting.bound.noise(SEED, None, 0, N)
    family = setting.bound.family
    f = family.value(setting.bound, family.sample(setting.bound, random))
    scale = np.abs(wanted).max() + np.abs(f).max()
    double = gumbench.estimate(problem, estimator, N, dtype="float64", **options)
    near = 1e-7 if (problem.family, estimator) in BY_DIFFERENCES else 1e-10
    np.testing.assert_allclose(double, wanted, rtol=near, atol=0.01 * near * scale)
    single = gumbench.estimate(problem, estimator, N, dtype="float32", **options)
    single_near = 1e-3 if estimator in DIVIDED else 3e-5
    np.testing.assert_allclose(single, wanted, atol=single_near * scale)


@pytest.mark.parametrize(("problem", "estimator"), list(pairs()))
def test_estimates_are_the_twins(problem, estimator):
    compare(problem, estimator)


@pytest.mark.parametrize(
    ("problem", "estimator", "settings"),
    [
        ("categorical-quadratic", "reinmax", {"weight": 0.8}),
        ("categorical-quadratic", "gapped-st", {"gap": 2.5}),
        ("categorical-vae", "gapped-st", {"adaptive": True}),
        ("categorical-vae", "rebar", {"eta": 0.3}),
        ("categorical-quadratic", "grpo", {"ddof": 0}),
        ("categorical-quadratic", "double-cv", {"alpha": 0.4}),
        ("categorical-quadratic", "stratified", {"systematic": True}),
        ("categorical-quadratic", "decoupled-st", {"forward": 2.0}),
        ("categorical-quadratic", "imle", {"lambda": 0.3}),
        ("categorical-vae", "redge", {"time": 0.7, "steps": 5}),
        ("categorical-vae", "relax", {"surrogate": "linear", "eta": 0.5}),
        ("gaussian-quadratic", "measure-valued", {"coupled": False}),
        ("gaussian-kl", "measure-valued", {"coupled": False}),
        ("trajectory-mdp", "reward-to-go-baseline", {"baseline": "value"}),
    ],
)
def test_estimates_with_settings_are_the_twins(problem, estimator, settings):
    compare(problem, estimator, settings)


def test_a_missing_factor_would_be_seen():
    problem = registry.make_problem("categorical-quadratic", 5)
    wrong = categorical_twins.concrete(Setting(problem, 1, {}))[0][:, 0] * TEMPERATURE
    got = gumbench.estimate(
        problem, "concrete", N, temperature=TEMPERATURE, seed=SEED, dtype="float64"
    )
    assert not np.allclose(got, wrong, rtol=1e-3)
