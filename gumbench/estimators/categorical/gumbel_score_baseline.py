"""Score function of the Gumbel noise, less f without noise, as optax and jaxopt have it."""

from gumbench.estimators.categorical.gumbel_score import kernel
from gumbench.types import Cost, Estimator, Noise


def prepare(preparation):
    bound = preparation.bound
    return bound.value_at(bound.dist_params.argmax(axis=1)[:, None])


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("noise-score",),
    formula="(f(argmax(θ + G)) - f(argmax θ)) (1 - exp(-G))",
    use="The same with one evaluation more for a θ: always better than without.",
    papers=("berthet2020",),
    unbiased=True,
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
