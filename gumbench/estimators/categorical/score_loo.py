"""Score function with the mean of the other samples as baseline: leave one out."""

from gumbench.kernels.blocks import simplex
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draws = noise.draws
    f = empty((draws.shape[0], out.shape[2]), out.dtype)
    simplex.values_of_draws(draws, objective, out.shape[1], f, theta_gradient)
    leave_one_out(f)
    simplex.centered_score(draws, f, out)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("score",),
    aliases=("rloo", "loorf", "vargrad"),
    formula="(1/K) Σ_k (f_k - mean of the other f) (D_k - p)",
    use="Where f is a black box that can be evaluated a few times: the first to try.",
    papers=("kool2019", "richter2020"),
    unbiased=True,
    inner_samples=InnerSamples(2, 4),
    noise=lambda k: [Noise("draw")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
