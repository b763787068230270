"""Unordered set: K categories drawn without replacement, averaged over the orders they may have."""

import numpy as np

from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex, without_replacement
from gumbench.kernels.compiler.arrays import empty
from gumbench.types import Cost, Estimator, InnerSamples, Noise

MOST = 10


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    samples, p = int(prepared[0]), prepared[1:]
    _, categories, block = out.shape
    chosen, f = empty((samples, block), np.int32), empty((samples, block), out.dtype)
    without_replacement.sample(objective.dist_params, noise.by_category[0], chosen)
    for k in range(samples):
        simplex.value_of_draw(chosen[k : k + 1], objective, k, categories, f[k])
    without_replacement.weigh(p, chosen, f)
    total = empty((block,), out.dtype)
    total[:] = out.dtype.type(0.0)
    for k in range(samples):
        for b in range(block):
            total[b] += f[k, b]
    for c in range(categories):
        for b in range(block):
            out[0, c, b] = -p[c] * total[b]
    for k in range(samples):
        for b in range(block):
            out[0, chosen[k, b], b] += f[k, b]
    one = out.dtype.type(1.0)
    simplex.add_direct_of_draw(chosen[:1], objective, categories, one, theta_gradient)


def prepare(preparation):
    return np.append(preparation.inner_samples, probability_table(preparation))


def refuse(samples, problem):
    """K categories without replacement: no more than there are, and 2^K sums are formed."""
    most = min(MOST, problem.shape[1])
    return f"at most {most} of {problem.shape[1]} categories" if samples > most else ""


ESTIMATOR = Estimator(
    family="categorical",
    kernel=kernel,
    prepare=prepare,
    methods=("without-replacement", "rao-blackwell"),
    formula="Σ_{i in S} p_i R(S, i) ∇ log p_i (f_i - Σ_{l in S} p_l R(S, i, l) f_l),  S the Gumbel "
    "top-k, R(S, i) = P(S less i | i first) / P(S)",
    use="One variable of which a few categories hold most of the probability.",
    papers=("kool2020",),
    unbiased=True,
    inner_samples=InnerSamples(2, 4, refuse),
    needs=("one_variable",),
    noise=lambda k: [Noise("exponential")],
    cost=lambda sizes: Cost(values=sizes.inner_samples, at_draws=True),
)
