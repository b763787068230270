"""Score function of the Gumbel noise itself, as perturbed optimizers use it."""

import numpy as np

from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty
from gumbench.types import Estimator


# exp(-G) is the exponential E itself.
def kernel(exponentials, temperature, prepared, objective, out, extra):
    variables, categories, block = out.shape
    one = out.dtype.type(1.0)
    index = empty((variables, block), np.int32)
    f = empty((block,), out.dtype)
    simplex.race(objective.natural, exponentials[0], index)
    simplex.value_of_draw(index, objective, 0, categories, f)
    for v in range(variables):
        for c in range(categories):
            for b in range(block):
                out[v, c, b] = f[b] * (one - exponentials[0, v, c, b])
    simplex.add_direct_of_draw(index, objective, categories, one, extra)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    aliases=("perturbed-optimizer",),
    formula="f(argmax(θ + G)) (1 - exp(-G))",
    paper="Berthet et al. 2020",
    unbiased=True,
    draw_evaluations=lambda k: 1,
    evaluations=lambda k, v, c: 1,
)
