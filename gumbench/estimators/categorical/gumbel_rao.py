"""Gumbel-Rao: straight-through Gumbel-softmax, its soft draw averaged over K given the hard one."""

from gumbench.distributions.categorical import log_totals
from gumbench.kernels.blocks import conditional, simplex
from gumbench.kernels.compiler.arrays import empty_like
from gumbench.types import Cost, Estimator, InnerSamples, Noise


# The conditional noise is held fixed: differentiated, it would have another mean.
def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    draw, samples, one = noise.draws[0], noise.by_category.shape[0], out.dtype.type(1.0)
    g, perturbed, term = empty_like(out), empty_like(out), empty_like(out)
    simplex.gradient_of_draw(draw, objective, g)
    out[:] = out.dtype.type(0.0)
    for k in range(samples):
        exponentials = noise.by_category[k]
        conditional.perturbed_logits(objective.dist_params, prepared, exponentials, draw, perturbed)
        simplex.softmax(perturbed, temperature, perturbed)
        simplex.copy(g, term)
        simplex.softmax_pullback(perturbed, one / temperature, term)
        simplex.add_weighted(term, one / out.dtype.type(samples), out)
    simplex.add_direct_of_draw(draw, objective, out.shape[1], one, theta_gradient)


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=log_totals,
    methods=("straight-through", "relaxation", "rao-blackwell"),
    aliases=("gr-mck",),
    formula="mean over k of (1/τ) J(softmax(s_k/τ)) ∇f(D),  s_k = θ + G given that its argmax is D",
    use="Instead of st-gumbel-softmax wherever f costs more than a few logarithms.",
    papers=("paulus2021",),
    unbiased=False,
    path=True,
    takes_temperature=True,
    inner_samples=InnerSamples(1, 10),
    needs=("gradient",),
    noise=lambda k: [Noise("exponential", purpose="conditional")] * k + [Noise("draw")],
    cost=lambda sizes: Cost(gradients=1),
)
