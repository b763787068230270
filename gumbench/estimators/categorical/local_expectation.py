"""Local expectation gradient: each variable summed out, given a draw of the others."""

import numpy as np

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    variables, categories, block = out.shape
    draw = noise.draws[0]
    drawn = empty((block,), np.int32)
    f = empty_like(out)
    for v in range(variables):
        for b in range(block):
            drawn[b] = draw[v, b]
        for c in range(categories):
            for b in range(block):
                draw[v, b] = np.int32(c)
            simplex.value_of_draw(draw, objective, 0, categories, f[v, c])
        for b in range(block):
            draw[v, b] = drawn[b]
    simplex.expectation_pullback(prepared, f, out)
    simplex.add_direct_of_draw(draw, objective, categories, out.dtype.type(1.0), theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    methods=("rao-blackwell",),
    aliases=("indecater",),
    formula="component (d, k): p_dk (f(x with x_d = k) - Σ_l p_dl f(x with x_d = l))",
    use="Where D C evaluations are affordable, or f is cheap to change in one place.",
    papers=("titsias2015", "desmet2023"),
    unbiased=True,
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(values=sizes.variables * sizes.categories),
)
