"""Score function, REINFORCE: weigh the score of the draw by f."""

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    _, categories, block = out.shape
    draw = noise.draws[0]
    f = empty((block,), out.dtype)
    simplex.value_of_draw(draw, objective, 0, categories, f)
    simplex.score(prepared, draw, f, out)
    simplex.add_direct_of_draw(draw, objective, categories, out.dtype.type(1.0), theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    methods=("score",),
    aliases=("reinforce", "score-function", "likelihood-ratio"),
    formula="f(D) (D - p)",
    use="Where f is a black box and costs little; a baseline is almost always better.",
    papers=("glynn1990", "williams1992"),
    unbiased=True,
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(values=1, at_draws=True),
)
