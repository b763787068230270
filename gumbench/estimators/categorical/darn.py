"""DARN: the first-order Taylor expansion of f around the draw as its baseline."""

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draw = noise.draws[0]
    g = empty_like(out)
    simplex.gradient_of_draw(draw, objective, g)
    simplex.covariance_pullback(prepared, draw, g, out)
    simplex.add_direct_of_draw(draw, objective, out.shape[1], out.dtype.type(1.0), theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    methods=("straight-through",),
    formula="(D - p) (D - p)ᵀ ∇f(D)",
    use="As half of reinmax; alone it errs to the other side of straight-through.",
    papers=("gregor2014", "gu2016"),
    unbiased=False,
    exact_for="linear f",
    path=True,
    needs=("gradient",),
    noise=lambda k: [Noise("draw")],
    cost=lambda sizes: Cost(gradients=1),
)
