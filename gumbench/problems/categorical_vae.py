"""The ELBO of one real digit with categorical latents."""

import functools
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.arrays import empty, empty_like
from gumbench.kernels.compiler.jit import helper
from gumbench.types import Problem, problem

DATA = Path(__file__).parents[1] / "data"
PIXELS = 64
MOST_CATEGORIES = 10
IMAGES = 1797
# Estimates worked on at once: their pixels fit the L1 cache.
LANES = 64

# data: the image (64), the pixel biases (64), then a row of 64 pixel weights for every category of
# every latent.


@helper
def log_probabilities(theta, variables, categories, out):
    """out (variables, categories) = log softmax θ."""
    for v in range(variables):
        row = theta[v * categories : (v + 1) * categories]
        top = row.max()
        total = top - top
        for c in range(categories):
            total += elementary.exp(row[c] - top)
        offset = top + elementary.log(total)
        for c in range(categories):
            out[v, c] = row[c] - offset


@helper
def decode(x, data, begin, pixel):
    """pixel (64, lanes) = the logits of the pixels for x on the simplex, from lane `begin`."""
    lanes = pixel.shape[1]
    for p in range(PIXELS):
        pixel[p] = data[PIXELS + p]
    for v in range(x.shape[0]):
        for c in range(x.shape[1]):
            first, row = (2 + v * x.shape[1] + c) * PIXELS, x[v, c][begin : begin + lanes]
            for p in range(PIXELS):
                weight, sums = data[first + p], pixel[p]
                for b in range(lanes):
                    sums[b] += weight * row[b]


@helper
def decode_draws(category, data, categories, begin, pixel):
    """The same for draws."""
    logits = empty((PIXELS,), pixel.dtype)
    for b in range(pixel.shape[1]):
        for p in range(PIXELS):
            logits[p] = data[PIXELS + p]
        for v in range(category.shape[0]):
            row = data[(2 + v * categories + category[v, begin + b]) * PIXELS :]
            for p in range(PIXELS):
                logits[p] += row[p]
        for p in range(PIXELS):
            pixel[p, b] = logits[p]


@helper
def add_log_likelihood(pixel, image, out):
    """out (lanes,) += Σ x l - log(1 + e^l) over the pixels' logits l (64, lanes)."""
    one, zero = out.dtype.type(1.0), out.dtype.type(0.0)
    rest = empty_like(pixel)
    flat, flat_rest = pixel.reshape(pixel.size), rest.reshape(pixel.size)
    for i in range(flat.size):
        flat_rest[i] = -abs(flat[i])
    elementary.exps((flat_rest,), (flat_rest,))
    for i in range(flat.size):
        flat_rest[i] += one
    elementary.negative_logs((flat_rest,), (flat_rest,))
    for p in range(PIXELS):
        row, log_term, x = pixel[p], rest[p], image[p]
        for b in range(out.size):
            out[b] += x * row[b] - (max(row[b], zero) - log_term[b])


@helper
def residual(pixel, image):
    """pixel (64, lanes) = x less the probabilities of the pixels' logits."""
    one = pixel.dtype.type(1.0)
    for p in range(PIXELS):
        row, x = pixel[p], image[p]
        for b in range(row.size):
            row[b] = -row[b]
        elementary.exps((row,), (row,))
        for b in range(row.size):
            row[b] = x - one / (one + row[b])


def value(x, theta, data, out):
    variables, categories, block = x.shape
    lanes = min(LANES, block)
    pixel = empty((PIXELS, lanes), out.dtype)
    log_q = empty((variables, categories), out.dtype)
    log_probabilities(theta, variables, categories, log_q)
    # log p is uniform over the categories of each latent.
    log_p = -elementary.log(out.dtype.type(categories))
    for start in range(0, block, lanes):
        begin = min(start, block - lanes)
        part = out[begin : begin + lanes]
        part[:] = out.dtype.type(0.0)
        for v in range(variables):
            for c in range(categories):
                row, ratio = x[v, c][begin : begin + lanes], log_p - log_q[v, c]
                for b in range(lanes):
                    part[b] += row[b] * ratio
        decode(x, data, begin, pixel)
        add_log_likelihood(pixel, data, part)


def value_at(category, theta, data, out):
    variables, block = category.shape
    categories, lanes = theta.size // variables, min(LANES, block)
    pixel = empty((PIXELS, lanes), out.dtype)
    log_q = empty((variables, categories), out.dtype)
    log_probabilities(theta, variables, categories, log_q)
    log_p = -elementary.log(out.dtype.type(categories))
    for start in range(0, block, lanes):
        begin = min(start, block - lanes)
        part = out[begin : begin + lanes]
        for b in range(lanes):
            part[b] = out.dtype.type(0.0)
            for v in range(variables):
                part[b] += log_p - log_q[v, category[v, begin + b]]
        decode_draws(category, data, categories, begin, pixel)
        add_log_likelihood(pixel, data, part)


def gradient(x, theta, data, out):
    variables, categories, block = x.shape
    lanes = min(LANES, block)
    pixel = empty((PIXELS, lanes), out.dtype)
    log_q = empty((variables, categories), out.dtype)
    log_probabilities(theta, variables, categories, log_q)
    log_p = -elementary.log(out.dtype.type(categories))
    for start in range(0, block, lanes):
        begin = min(start, block - lanes)
        decode(x, data, begin, pixel)
        residual(pixel, data)
        for v in range(variables):
            for c in range(categories):
                first = (2 + v * categories + c) * PIXELS
                result = out[v, c][begin : begin + lanes]
                result[:] = log_p - log_q[v, c]
                for p in range(PIXELS):
                    weight, row = data[first + p], pixel[p]
                    for b in range(lanes):
                        result[b] += weight * row[b]


def direct(x, theta, data, out):
    variables, categories, block = x.shape
    log_q = empty((variables, categories), out.dtype)
    log_probabilities(theta, variables, categories, log_q)
    for v in range(variables):
        for c in range(categories):
            row, result, p = x[v, c], out[v * categories + c], elementary.exp(log_q[v, c])
            for b in range(block):
                result[b] = p - row[b]


@functools.cache
def arrays():
    """The digits and the fitted weights that ship with the package."""
    with np.load(DATA / "digits.npz") as digits, np.load(DATA / "decoder.npz") as weights:
        scaled = {"images": digits["images"] / 16.0, "labels": digits["labels"]}
        return scaled | {name: weights[name].astype(np.float64) for name in weights.files}


@problem(family="categorical", symbol="D", dimensions=(2, 4, 20), most=20)
def make(
    dimension,
    *,
    categories: Annotated[int, Field(ge=2, le=MOST_CATEGORIES, description="of each latent")] = 10,
    image: Annotated[int, Field(ge=0, lt=IMAGES, description="index of the image, of 1,797")] = 0,
    sharpness: Annotated[float, Field(description="factor of the encoder's logits")] = 0.5,
):
    """E_q[log P(x | v) - log q(v) + log p(v)], the ELBO of one real 8x8 digit.

    D categorical latents of `categories` categories with a uniform prior; a fitted linear decoder
    gives the logit of each pixel. θ is what a fitted encoder says of the image, times `sharpness`:
    at 1 little is left to learn. f contains θ through log q. On the simplex the decoder and log q
    are linear in x. Exact by enumeration up to 2^20 outcomes, beyond that estimated.
    """
    data = arrays()
    pixels = data["images"][image]
    logits = (pixels @ data["encoder"] + data["offset"]).reshape(-1, MOST_CATEGORIES)
    decoder = data["decoder"].reshape(-1, MOST_CATEGORIES, PIXELS)[:dimension, :categories]
    return Problem(
        family="categorical",
        theta=sharpness * logits[:dimension, :categories].ravel(),
        parts={"logits": dimension * categories},
        shape=(dimension, categories),
        value=value,
        value_at=value_at,
        gradient=gradient,
        direct=direct,
        direct_is_score=True,
        data=np.concatenate([pixels, data["bias"], decoder.ravel()]),
    )
