"""Score function with the mean of f as baseline: what a moving average of f becomes."""

import numpy as np

from gumbench.estimators.gaussian.score_baseline import PILOT_ESTIMATES, kernel
from gumbench.families.gaussian import sample
from gumbench.types import Estimator


def prepare(bound, seed, settings):
    """E f from a pilot, for every component of the score."""
    values = [bound.value(sample(bound, random)) for random in bound.pilot(seed, PILOT_ESTIMATES)]
    return np.full(bound.natural.size, np.concatenate(values).astype(np.float64).mean())


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    prepare=prepare,
    prepare_is_free=True,
    formula="(f(z) - E f) ε/σ by the mean, (f(z) - E f) (ε² - 1)/σ by the scale",
    paper="Williams 1992; Mnih and Gregor 2014",
    unbiased=True,
    evaluations=lambda k, v, c: 1,
)
