"""Score function of the Gumbel noise itself, as perturbed optimizers use it."""

import numpy as np

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


# exp(-G) is the exponential E itself.
def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    one, exponentials = out.dtype.type(1.0), noise.by_category[0]
    category = empty((variables, block), np.int32)
    f = empty((block,), out.dtype)
    simplex.exponential_race(objective.dist_params, exponentials, category)
    simplex.value_of_draw(category, objective, 0, categories, f)
    for b in range(block):
        # A baseline; 0 where nothing is prepared.
        f[b] -= prepared[0]
    for v in range(variables):
        for c in range(categories):
            for b in range(block):
                out[v, c, b] = f[b] * (one - exponentials[v, c, b])
    simplex.add_direct_of_draw(category, objective, categories, one, theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("noise-score",),
    aliases=("perturbed-optimizer",),
    formula="f(argmax(θ + G)) (1 - exp(-G))",
    use="Where only argmax(θ + G) can be evaluated, as in perturbed optimizers.",
    papers=("berthet2020",),
    unbiased=True,
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
