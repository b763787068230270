"""Gaussian samples, scores and pathwise gradients, for kernels: the axis of estimates comes last.

dist_params (2, variables) is the mean and the scale; z and ε are (variables, 1, block); a gradient
is (2, variables, block), by the mean and by the scale.
"""

from gumbench.kernels.compiler.jit import helper


@helper
def sample(dist_params, noise, out):
    """out = μ + σ ε."""
    for v in range(out.shape[0]):
        mean, scale = dist_params[0, v], dist_params[1, v]
        row, epsilon = out[v, 0], noise[v, 0]
        for b in range(row.size):
            row[b] = mean + scale * epsilon[b]


@helper
def sample_pair(dist_params, noise, out, mirrored):
    """out = μ + σ ε, mirrored = μ - σ ε."""
    sample(dist_params, noise, out)
    for v in range(out.shape[0]):
        mean, scale = dist_params[0, v], dist_params[1, v]
        row, epsilon = mirrored[v, 0], noise[v, 0]
        for b in range(row.size):
            row[b] = mean - scale * epsilon[b]


@helper
def score(dist_params, noise, f, baseline, out):
    """out = (f - c) ∇ log p(z): ∇ is ε/σ by the mean, (ε² - 1)/σ by the scale.

    f (block,); baseline c (2, variables), a constant of each component.
    """
    score_of_two(dist_params, noise, f, f, baseline, out)


@helper
def score_of_two(dist_params, noise, f, f_scale, baseline, out):
    """The same with one f by the mean and another one by the scale."""
    one = out.dtype.type(1.0)
    for v in range(out.shape[1]):
        inverse = one / dist_params[1, v]
        c_mean, c_scale = baseline[0, v], baseline[1, v]
        by_mean, by_scale, epsilon = out[0, v], out[1, v], noise[v, 0]
        for b in range(f.size):
            by_mean[b] = (f[b] - c_mean) * (epsilon[b] * inverse)
            by_scale[b] = (f_scale[b] - c_scale) * ((epsilon[b] * epsilon[b] - one) * inverse)


@helper
def log_density_by_theta(x, theta, sign, out):
    """out (2 variables, block) = ±∂ log p(z)/∂θ at fixed z, for θ the means, then the scales."""
    one = x.dtype.type(1.0)
    variables = x.shape[0]
    for v in range(variables):
        mean, inverse = theta[v], one / theta[variables + v]
        z, by_mean, by_scale = x[v, 0], out[v], out[variables + v]
        for b in range(z.size):
            standard = (z[b] - mean) * inverse
            by_mean[b] = sign * standard * inverse
            by_scale[b] = sign * (standard * standard - one) * inverse


@helper
def path(noise, g, out):
    """out = g · ∂z/∂(μ, σ): g by the mean, g ε by the scale; g like z."""
    for v in range(out.shape[1]):
        by_mean, by_scale, epsilon, row = out[0, v], out[1, v], noise[v, 0], g[v, 0]
        for b in range(row.size):
            by_mean[b] = row[b]
            by_scale[b] = row[b] * epsilon[b]
