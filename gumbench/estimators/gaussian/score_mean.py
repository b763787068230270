"""Score function with the mean of f as baseline: what a moving average of f becomes."""

import numpy as np

from gumbench.distributions.gaussian import sample
from gumbench.estimators.gaussian.score_baseline import PILOT_ESTIMATES, kernel
from gumbench.types import Cost, Estimator, Noise


def prepare(preparation):
    """E f from a pilot, for every component of the score."""
    bound = preparation.bound
    pilot = preparation.pilot(PILOT_ESTIMATES)
    values = [bound.value(sample(bound, random)) for random in pilot]
    return np.full(bound.dist_params.size, np.concatenate(values).astype(np.float64).mean())


ESTIMATOR = Estimator(
    family="gaussian",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    prepare_is_free=True,
    formula="(f(z) - E f) ε/σ by the mean, (f(z) - E f) (ε² - 1)/σ by the scale",
    use="In training, where a moving average of f costs nothing.",
    papers=("williams1992", "mnih2014"),
    unbiased=True,
    noise=lambda k: [Noise("normal")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
