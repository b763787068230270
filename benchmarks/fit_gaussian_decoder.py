"""Fit the small Gaussian auto-encoder behind the problem `gaussian-vae`.

Sixteen latents; a linear encoder gives the mean and log σ of each from an 8x8 image, a linear
decoder the logit of each pixel. Both are trained on all 1,797 digits by the pathwise gradient, with
Adam. Each step keeps a random number of leading latents, so that any prefix of them reconstructs as
well as it can.

    python benchmarks/fit_gaussian_decoder.py

writes gumbench/data/gaussian_decoder.npz.
"""

import numpy as np
from fit_decoder import BATCH, DATA, PIXELS, RATE, STEPS, Adam, sigmoid

VARIABLES = 16
NAMES = ("encoder", "offset", "scale_encoder", "scale_offset", "decoder", "bias")


def loss_and_gradients(x, noise, keep, encoder, offset, scale_encoder, scale_offset, decoder, bias):
    """Negative ELBO of a batch by one sample, and its gradients (pathwise)."""
    mean, scale = x @ encoder + offset, np.exp(x @ scale_encoder + scale_offset)
    z = (mean + scale * noise) * keep
    pixel = z @ decoder + bias
    kl = (keep * (0.5 * (mean**2 + scale**2 - 1) - np.log(scale))).sum()
    loss = (np.logaddexp(0, pixel) - x * pixel).sum() + kl
    d_pixel = sigmoid(pixel) - x
    d_z = (d_pixel @ decoder.T) * keep
    d_mean = d_z + keep * mean
    d_log_scale = d_z * noise * scale + keep * (scale**2 - 1)
    gradients = [x.T @ d_mean, d_mean.sum(0), x.T @ d_log_scale, d_log_scale.sum(0)]
    gradients += [z.T @ d_pixel, d_pixel.sum(0)]
    return loss / len(x), [g / len(x) for g in gradients]


def fit(images, generator):
    x_all = images / 16.0
    parameters = [
        0.05 * generator.standard_normal((PIXELS, VARIABLES)),
        np.zeros(VARIABLES),
        np.zeros((PIXELS, VARIABLES)),
        np.zeros(VARIABLES),
        0.1 * generator.standard_normal((VARIABLES, PIXELS)),
        np.zeros(PIXELS),
    ]
    adam = Adam(parameters)
    for step in range(STEPS):
        x = x_all[generator.integers(0, len(x_all), BATCH)]
        leading = generator.integers(1, VARIABLES + 1, BATCH)
        keep = (np.arange(VARIABLES) < leading[:, None]).astype(float)
        noise = generator.standard_normal((BATCH, VARIABLES))
        loss, gradients = loss_and_gradients(x, noise, keep, *parameters)
        adam.step(gradients, RATE * (1 - step / STEPS) + 1e-4)
        if step % 1000 == 0 or step == STEPS - 1:
            print(f"step {step}: negative ELBO {loss:.2f} nats an image")
    return parameters


if __name__ == "__main__":
    with np.load(DATA / "digits.npz") as digits:
        fitted = fit(digits["images"].astype(float), np.random.default_rng(0))
    np.savez_compressed(
        DATA / "gaussian_decoder.npz",
        **{name: p.astype(np.float16) for name, p in zip(NAMES, fitted, strict=True)},
    )
