"""The ELBO of one real digit with Gaussian latents."""

import functools
from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.distributions.gaussian import of_mean_and_scale
from gumbench.kernels.blocks import gaussian
from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.arrays import empty
from gumbench.problems.categorical_vae import (
    DATA,
    IMAGES,
    LANES,
    PIXELS,
    add_log_likelihood,
    arrays,
    decode,
    residual,
)
from gumbench.types import problem

MOST = 16
# Of each dimension: 32 agree to 1e-10 for all images and scales up to 1.
NODES = 48

# data: the image (64), the pixel biases (64), then a row of 64 pixel weights for every latent.


def value(x, theta, data, out):
    real = out.dtype.type
    variables, _, block = x.shape
    lanes, half = min(LANES, block), real(0.5)
    pixel = empty((PIXELS, lanes), out.dtype)
    for start in range(0, block, lanes):
        begin = min(start, block - lanes)
        part = out[begin : begin + lanes]
        part[:] = real(0.0)
        for v in range(variables):
            mean, scale, z = theta[v], theta[variables + v], x[v, 0][begin : begin + lanes]
            inverse, log_scale = real(1.0) / scale, elementary.log(scale)
            for b in range(lanes):
                standard = (z[b] - mean) * inverse
                part[b] += half * (standard * standard - z[b] * z[b]) + log_scale
        decode(x, data, begin, pixel)
        add_log_likelihood(pixel, data, part)


def gradient(x, theta, data, out):
    variables, _, block = x.shape
    lanes = min(LANES, block)
    pixel = empty((PIXELS, lanes), out.dtype)
    for start in range(0, block, lanes):
        begin = min(start, block - lanes)
        decode(x, data, begin, pixel)
        residual(pixel, data)
        for v in range(variables):
            mean, scale = theta[v], theta[variables + v]
            inverse = x.dtype.type(1.0) / (scale * scale)
            z, row = x[v, 0][begin : begin + lanes], out[v, 0][begin : begin + lanes]
            for b in range(lanes):
                row[b] = (z[b] - mean) * inverse - z[b]
            for p in range(PIXELS):
                weight, rest = data[(2 + v) * PIXELS + p], pixel[p]
                for b in range(lanes):
                    row[b] += weight * rest[b]


def direct(x, theta, data, out):
    gaussian.log_density_by_theta(x, theta, x.dtype.type(-1.0), out)


def truth(theta, data):
    """By a Gauss-Hermite rule with NODES nodes in each dimension, of ∂f/∂z and ∂f/∂z ε."""
    mean, scale = np.split(theta, 2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    epsilon = np.stack(np.meshgrid(*[nodes] * mean.size, indexing="ij")).reshape(mean.size, -1)
    weight = functools.reduce(np.multiply.outer, [weights] * mean.size).ravel()
    weight /= weight.sum()
    z = mean[:, None] + scale[:, None] * epsilon
    image, bias, rows = data[:PIXELS], data[PIXELS : 2 * PIXELS], data[2 * PIXELS :]
    rows = rows.reshape(mean.size, PIXELS)
    rest = image[:, None] - 1 / (1 + np.exp(-(rows.T @ z + bias[:, None])))
    slope = rows @ rest - z + epsilon / scale[:, None]
    return np.concatenate([slope @ weight, (slope * epsilon) @ weight])


@functools.cache
def fitted():
    """The fitted weights that ship with the package."""
    with np.load(DATA / "gaussian_decoder.npz") as weights:
        return {name: weights[name].astype(np.float64) for name in weights.files}


@problem(family="gaussian", symbol="d", dimensions=(1, 2, 8), most=MOST)
def make(
    dimension,
    *,
    image: Annotated[int, Field(ge=0, lt=IMAGES, description="index of the image, of 1,797")] = 0,
    away: Annotated[float, Field(ge=0, description="how far from the encoder, in its σ")] = 1.0,
):
    """E_q[log P(x | z) - log q(z) + log p(z)], the ELBO of one real 8x8 digit.

    d Gaussian latents with a standard normal prior; a fitted linear decoder gives the logit of each
    pixel. θ is what a fitted encoder says of the image, the means moved by `away` standard
    deviations: at 0 little is left to learn. f contains θ through log q. The gradient is exact by
    quadrature for d ≤ 2, beyond that estimated.
    """
    weights, pixels = fitted(), arrays()["images"][image]
    mean = (pixels @ weights["encoder"] + weights["offset"])[:dimension]
    scale = np.exp(pixels @ weights["scale_encoder"] + weights["scale_offset"])[:dimension]
    rows = weights["decoder"][:dimension]
    return of_mean_and_scale(
        dimension,
        mean + away * scale,
        scale,
        value=value,
        gradient=gradient,
        direct=direct,
        direct_is_score=True,
        data=np.concatenate([pixels, weights["bias"], rows.ravel()]),
        truth=truth if dimension <= 2 else None,
        truth_source="quadrature",
    )
