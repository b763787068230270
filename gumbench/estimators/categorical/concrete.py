"""Gumbel-softmax: differentiate through a draw of the Concrete distribution."""

from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    one, gumbels = out.dtype.type(1.0), noise.by_category[0]
    y = empty_like(out)
    simplex.relax(objective.dist_params, gumbels, temperature, y)
    objective.gradient(y, objective.theta, objective.data, out)
    simplex.softmax_pullback(y, one / temperature, out)
    simplex.add_direct(y, objective, one, theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("relaxation",),
    aliases=("gumbel-softmax",),
    formula="(1/τ) J(y) ∇f(y),  y = softmax((θ + G)/τ),  J(y) = diag y - y yᵀ",
    use="Where f is smooth inside the simplex and a bias is acceptable.",
    papers=("maddison2017", "jang2017"),
    unbiased=False,
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    noise=lambda k: [Noise("gumbel")],
    cost=lambda sizes: Cost(gradients=1),
)
