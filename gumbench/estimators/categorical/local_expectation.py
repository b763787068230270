"""Local expectation gradient: each variable summed out, given a draw of the others."""

import numpy as np

from gumbench.families.categorical import probability_table
from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty, empty_like
from gumbench.types import Estimator


def kernel(exponentials, temperature, prepared, objective, out, extra):
    variables, categories, block = out.shape
    index = empty((variables, block), np.int32)
    drawn = empty((block,), np.int32)
    f = empty_like(out)
    simplex.race(objective.natural, exponentials[0], index)
    for v in range(variables):
        for b in range(block):
            drawn[b] = index[v, b]
        for c in range(categories):
            for b in range(block):
                index[v, b] = np.int32(c)
            simplex.value_of_draw(index, objective, 0, categories, f[v, c])
        for b in range(block):
            index[v, b] = drawn[b]
    simplex.expectation_pullback(prepared, f, out)
    simplex.add_direct_of_draw(index, objective, categories, out.dtype.type(1.0), extra)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    aliases=("indecater",),
    formula="component (d, k): p_dk (f(x with x_d = k) - Σ_l p_dl f(x with x_d = l))",
    paper="Titsias and Lázaro-Gredilla 2015; De Smet et al. 2023",
    unbiased=True,
    evaluations=lambda k, v, c: v * c,
)
