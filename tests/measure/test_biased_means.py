"""Every biased estimator whose mean can be summed has that mean, at three temperatures."""

import numpy as np
import pytest
from measured import bind, first_part

from gumbench import registry
from gumbench.engine import applicability
from gumbench.engine.exact_moments import MOST_POINTS, exact_moments
from gumbench.types import Truth

ESTIMATES = 1 << 20
TEMPERATURES = (0.2, 0.5, 1.5)
PLACES = [
    ("bernoulli-sum", 3, (("t", 0.1), ("theta", 0.2))),
    ("categorical-quadratic", 6, (("skew", 2.0),)),
    ("categorical-nonseparable", 3, (("offset", 5.0),)),
    ("polynomial", 4, (("p", 3.0),)),
]
# About 50 pairs: one false alarm in 1,000 over all of them.
LEAST_P = 2e-5


def cases():
    for place in PLACES:
        problem = registry.make_problem(place[0], place[1], place[2])
        for name in registry.names("estimators"):
            estimator = registry.estimators(name).get("categorical")
            if applicability.why_not(estimator, problem) or estimator.unbiased:
                continue
            if any(noise.kind != "draw" for noise in estimator.noise(2)):
                continue
            for temperature in TEMPERATURES if estimator.takes_temperature else (None,):
                yield place, name, temperature


def mean_of(bound, name, temperature):
    estimator = registry.estimators(name)["categorical"]
    samples = estimator.inner_samples.default if estimator.inner_samples else None
    center, settings = np.zeros(bound.theta.size), estimator.all_settings()
    options = temperature or 1.0, samples, 0, settings, MOST_POINTS, center
    return exact_moments(bound, estimator, *options).mean


@pytest.mark.parametrize(("place", "name", "temperature"), list(cases()))
def test_the_mean_is_the_summed_one(place, name, temperature):
    bound = bind(*place)
    mean = mean_of(bound, name, temperature)
    truth = Truth(mean, "enumeration")
    found = first_part(bound, name, 11, ESTIMATES, temperature=temperature, truth=truth)
    assert found["bias_p"] > LEAST_P
    largest = np.abs(mean).argmax()
    planted = mean.copy()
    planted[largest] += max(0.01 * abs(mean[largest]), 8 * np.sqrt(found["variance"] / ESTIMATES))
    wrong = Truth(planted, "enumeration")
    found = first_part(bound, name, 11, ESTIMATES, temperature=temperature, truth=wrong)
    assert found["bias_p"] < LEAST_P
