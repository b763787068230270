"""Score function with f at the most probable outcome as baseline: ReMax."""

import numpy as np

from gumbench.distributions.categorical import probability_table
from gumbench.estimators.categorical.score_baseline import kernel
from gumbench.types import Cost, Estimator, Noise


def prepare(preparation):
    bound = preparation.bound
    most_probable = bound.dist_params.argmax(axis=1)[:, None]
    return np.append(probability_table(preparation), bound.value_at(most_probable))


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    aliases=("remax",),
    formula="(f(D) - f(argmax p)) (D - p)",
    use="Where one more evaluation for a θ buys a baseline: language models, ReMax.",
    papers=("li2024",),
    unbiased=True,
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
