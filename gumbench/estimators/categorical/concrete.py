"""Gumbel-softmax: differentiate through a draw of the Concrete distribution."""

from gumbench.kernels import simplex
from gumbench.kernels.arrays import empty_like
from gumbench.types import Estimator


def kernel(gumbels, temperature, prepared, objective, out, extra):
    one = out.dtype.type(1.0)
    y = empty_like(out)
    simplex.relax(objective.natural, gumbels[0], temperature, y)
    objective.gradient(y, objective.theta, objective.data, out)
    simplex.softmax_pullback(y, one / temperature, out)
    simplex.add_direct(y, objective, one, extra)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    aliases=("gumbel-softmax",),
    formula="(1/τ) J(y) ∇f(y),  y = softmax((θ + G)/τ),  J(y) = diag y - y yᵀ",
    paper="Maddison et al. 2017; Jang et al. 2017",
    unbiased=False,
    path=True,
    takes_temperature=True,
    needs=("gradient",),
    evaluations=lambda k, v, c: 0,
    gradient_evaluations=lambda k, v, c: 1,
)
