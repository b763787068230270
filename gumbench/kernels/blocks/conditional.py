"""θ + G given its argmax D, for kernels: the axis of estimates comes last.

With Z = Σ e^θ, p = e^θ / Z and exponentials E: log Z - log E_D at the argmax, and
θ_j - log(E_j + E_D p_j) at the others, which never overflows (Maddison et al. 2014; Paulus et al.
2021). Arrays are (variables, categories, block); category (variables, block) is the argmax.
"""

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.strips import broadcast, by_strips, choose


@by_strips
def perturbed_logits(s, logits, log_total, exponentials, category, out):
    """out = θ + G given that its argmax is `category`; log_total (variables,) = log Z."""
    zero = broadcast(out.dtype.type(0.0), s)
    for v in range(out.shape[0]):
        drawn, winner = category[v, s], zero
        for c in range(out.shape[1]):
            winner += choose(drawn == c, exponentials[v, c, s], zero)
        largest = log_total[v] - elementary.log(winner)
        for c in range(out.shape[1] - 1, -1, -1):
            p = elementary.exp(logits[v, c] - log_total[v])
            other = logits[v, c] - elementary.log(exponentials[v, c, s] + winner * p)
            out[v, c, s] = choose(drawn == c, largest, other)


@by_strips
def pullback(s, probabilities, exponentials, category, g):
    """g in the perturbed logits, replaced by the same in θ; probabilities flat.

    r_j g_j + p_j Σ_k (1 - r_k) g_k with r_j = E_j / (E_j + E_D p_j), and 0 at the argmax.
    """
    zero, one = broadcast(g.dtype.type(0.0), s), broadcast(g.dtype.type(1.0), s)
    for v in range(g.shape[0]):
        first, drawn, winner, common = v * g.shape[1], category[v, s], zero, zero
        for c in range(g.shape[1]):
            winner += choose(drawn == c, exponentials[v, c, s], zero)
        for c in range(g.shape[1] - 1, -1, -1):
            e, p = exponentials[v, c, s], probabilities[first + c]
            common += choose(drawn == c, one, winner * p / (e + winner * p)) * g[v, c, s]
        for c in range(g.shape[1]):
            e, p = exponentials[v, c, s], probabilities[first + c]
            kept = choose(drawn == c, zero, e / (e + winner * p))
            g[v, c, s] = kept * g[v, c, s] + p * common
