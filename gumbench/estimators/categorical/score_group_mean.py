"""Score function with the mean of all samples as baseline, as in Dr. GRPO: too small by 1/K."""

from gumbench.kernels.blocks import simplex
from gumbench.kernels.blocks.samples import leave_one_out
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draws = noise.draws
    f = empty((draws.shape[0], out.shape[2]), out.dtype)
    simplex.values_of_draws(draws, objective, out.shape[1], f, theta_gradient)
    leave_one_out(f)
    shrink = out.dtype.type(1.0) - out.dtype.type(1.0) / out.dtype.type(draws.shape[0])
    for k in range(draws.shape[0]):
        for b in range(out.shape[2]):
            f[k, b] *= shrink
    simplex.centered_score(draws, f, out)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    methods=("score",),
    aliases=("dr-grpo",),
    formula="(1/K) Σ_k (f_k - mean of all f) (D_k - p),  of mean (1 - 1/K) times the gradient",
    use="Only to see what it costs: score-loo is the same without the bias.",
    papers=("liu2025",),
    unbiased=False,
    inner_samples=InnerSamples(2, 4),
    noise=lambda k: [Noise("draw")] * k,
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
