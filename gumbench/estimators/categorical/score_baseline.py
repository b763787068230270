"""Score function with the constant baseline of least variance, an oracle's: it knows all of f."""

import numpy as np

from gumbench.distributions.categorical import mean_value, probability_table, score_square
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    _, categories, block = out.shape
    draw = noise.draws[0]
    f = empty((block,), out.dtype)
    simplex.value_of_draw(draw, objective, 0, categories, f)
    baseline = prepared[prepared.size - 1]
    for b in range(block):
        f[b] -= baseline
    simplex.score(prepared, draw, f, out)
    simplex.add_direct_of_draw(draw, objective, categories, out.dtype.type(1.0), theta_gradient)


def prepare(preparation):
    return np.append(probability_table(preparation), mean_value(preparation, score_square))


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("score",),
    oracle=True,
    formula="(f(D) - c*) (D - p),  c* = Σ p w f / Σ p w,  w = ‖D - p‖²",
    use="To see what no constant baseline can beat.",
    papers=("weaver2001", "greensmith2004"),
    unbiased=True,
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
