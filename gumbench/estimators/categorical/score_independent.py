"""Score function with f at an independent draw as baseline."""

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draws = noise.draws
    f = empty((2, out.shape[2]), out.dtype)
    simplex.values_of_draws(draws, objective, out.shape[1], f, theta_gradient)
    for b in range(out.shape[2]):
        f[0, b] -= f[1, b]
    simplex.score(prepared, draws[0], f[0], out)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=probability_table,
    methods=("score",),
    formula="(f(D) - f(D')) (D - p),  D' an independent draw",
    use="Where two evaluations are affordable and more are not.",
    papers=("kool2019",),
    unbiased=True,
    noise=lambda k: [Noise("draw"), Noise("draw")],
    cost=lambda sizes: Cost(values=2, at_draws=True),
)
