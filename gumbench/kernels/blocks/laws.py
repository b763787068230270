"""The Gumbel and Concrete laws, and Gumbels conditional on their argmax."""

import math

import numpy as np

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import helper


@helper
def gumbel_pdf(z, loc, scale):
    """Density of Gumbel(loc, scale) at z (Gumbel 1935)."""
    standard = (z - loc) / scale
    return elementary.exp(-standard - elementary.exp(-standard)) / scale


@helper
def gumbel_cdf(z, loc, scale):
    """P(Z ≤ z) of Gumbel(loc, scale)."""
    return elementary.exp(-elementary.exp(-(z - loc) / scale))


@helper
def gumbel_quantile(u, loc, scale):
    """The z with P(Z ≤ z) = u, for u in (0, 1): loc - scale log(-log u)."""
    return loc - scale * elementary.log(-elementary.log(u))


@helper
def concrete_log_density(y, logits, temperature):
    """Log density of the Concrete law at y (categories,) inside the simplex, float64.

    log (C-1)! + (C-1) log τ + Σ (θ_k - (τ+1) log y_k) - C log Σ exp(θ_k - τ log y_k)
    (Maddison et al. 2017, equation 10).
    """
    size = y.size
    top = -np.inf
    total = math.lgamma(size) + (size - 1) * math.log(temperature)
    for k in range(size):
        total += logits[k] - (temperature + 1.0) * math.log(y[k])
        top = max(top, logits[k] - temperature * math.log(y[k]))
    mass = 0.0
    for k in range(size):
        mass += math.exp(logits[k] - temperature * math.log(y[k]) - top)
    return total - size * (top + math.log(mass))


@helper
def condition(logits, log_total, exponentials, category, out):
    """out (variables, categories, block) = θ + G given that its argmax is `category`.

    With Z = Σ e^θ: log Z - log E_i for the argmax i, θ_j - log(E_j + E_i e^{θ_j} / Z) for the
    others, which never overflows (Maddison et al. 2014; Paulus et al. 2021). logits (variables,
    categories), log_total (variables,) = log Z, exponentials like out, category (variables, block).
    """
    block = out.shape[2]
    winner = empty((block,), out.dtype)
    for v in range(out.shape[0]):
        for b in range(block):
            winner[b] = exponentials[v, category[v, b], b]
        for c in range(out.shape[1]):
            logit, share = logits[v, c], elementary.exp(logits[v, c] - log_total[v])
            row, noise = out[v, c], exponentials[v, c]
            for b in range(block):
                row[b] = logit - elementary.log(noise[b] + winner[b] * share)
        for b in range(block):
            out[v, category[v, b], b] = log_total[v] - elementary.log(winner[b])
