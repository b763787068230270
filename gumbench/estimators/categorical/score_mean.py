"""Score function with the mean of f as baseline: what a moving average of f becomes."""

import numpy as np

from gumbench.distributions.categorical import mean_value, probability_table
from gumbench.estimators.categorical.score_baseline import kernel
from gumbench.types import Cost, Estimator, Noise


def prepare(preparation):
    mean = mean_value(preparation, lambda category, probability: np.ones(category.shape[1]))
    return np.append(probability_table(preparation), mean)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    prepare_is_free=True,
    formula="(f(D) - E f) (D - p)",
    use="In training, where a moving average of f costs nothing.",
    papers=("williams1992", "mnih2014"),
    unbiased=True,
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
