"""Score function, REINFORCE: weigh the score of the draw by f."""

import numpy as np

from gumbench.families.categorical import probability_table
from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty
from gumbench.types import Estimator


def kernel(exponentials, temperature, prepared, objective, out, extra):
    variables, categories, block = out.shape
    index = empty((variables, block), np.int32)
    f = empty((block,), out.dtype)
    simplex.race(objective.natural, exponentials[0], index)
    simplex.value_of_draw(index, objective, 0, categories, f)
    simplex.score(prepared, index, f, out)
    simplex.add_direct_of_draw(index, objective, categories, out.dtype.type(1.0), extra)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    aliases=("reinforce", "score-function", "likelihood-ratio"),
    formula="f(D) (D - p)",
    paper="Glynn 1990; Williams 1992",
    unbiased=True,
    draw_evaluations=lambda k: 1,
    evaluations=lambda k, v, c: 1,
)
