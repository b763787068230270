"""Score function with the mean of f as baseline: what a moving average of f becomes."""

import numpy as np

from gumbench.estimators.categorical.score_baseline import kernel
from gumbench.families.categorical import mean_value, probability_table
from gumbench.types import Estimator


def prepare(bound, seed, settings):
    mean = mean_value(bound, seed, lambda index, probability: np.ones(index.shape[1]))
    return np.append(probability_table(bound, seed, settings), mean)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    prepare_is_free=True,
    formula="(f(D) - E f) (D - p)",
    paper="Williams 1992; Mnih and Gregor 2014",
    unbiased=True,
    draw_evaluations=lambda k: 1,
    evaluations=lambda k, v, c: 1,
)
