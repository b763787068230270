"""Fit the small categorical auto-encoder behind the problem `categorical-vae`.

Twenty latents of ten categories; a linear encoder gives the logits of each latent from an 8x8
image, a linear decoder the logit of each pixel. Both are trained on all 1,797 digits through a
Concrete relaxation whose temperature falls from 1 to 0.5, with Adam. Each step keeps a random
number of leading latents, so that any prefix of them reconstructs as well as it can.

    pip install scikit-learn && python benchmarks/fit_decoder.py

writes gumbench/data/digits.npz (images 0 to 16, labels) and gumbench/data/decoder.npz.
"""

from pathlib import Path

import numpy as np

VARIABLES, CATEGORIES, PIXELS = 20, 10, 64
STEPS, BATCH, RATE = 6000, 128, 0.01
DATA = Path(__file__).parents[1] / "gumbench" / "data"


def softmax(x):
    weights = np.exp(x - x.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Adam:
    def __init__(self, parameters):
        self.parameters = parameters
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients, rate):
        self.steps += 1
        scales = (1 - 0.9**self.steps), (1 - 0.999**self.steps)
        for i, g in enumerate(gradients):
            self.first[i] += 0.1 * (g - self.first[i])
            self.second[i] += 0.001 * (g * g - self.second[i])
            root = np.sqrt(self.second[i] / scales[1]) + 1e-8
            self.parameters[i] -= rate * self.first[i] / scales[0] / root


def loss_and_gradients(x, gumbels, keep, temperature, encoder, offset, decoder, bias):
    """Negative ELBO of a batch by one relaxed sample, and its gradients (reparameterized)."""
    logits = (x @ encoder + offset).reshape(-1, VARIABLES, CATEGORIES)
    p = softmax(logits)
    y = softmax((logits + gumbels) / temperature) * keep[:, :, None]
    pixel = y.reshape(len(x), -1) @ decoder + bias
    kl = (p * (np.log(p + 1e-9) + np.log(CATEGORIES)) * keep[:, :, None]).sum()
    loss = (np.logaddexp(0, pixel) - x * pixel).sum() + kl
    d_pixel = sigmoid(pixel) - x
    d_y = (d_pixel @ decoder.T).reshape(y.shape) * keep[:, :, None]
    d_logits = y * (d_y - (y * d_y).sum(axis=2, keepdims=True)) / temperature
    inner = np.log(p + 1e-9) * keep[:, :, None]
    d_logits += p * (inner - (p * inner).sum(axis=2, keepdims=True))
    flat = d_logits.reshape(len(x), -1)
    gradients = [x.T @ flat, flat.sum(axis=0), y.reshape(len(x), -1).T @ d_pixel, d_pixel.sum(0)]
    return loss / len(x), [g / len(x) for g in gradients]


def fit(images, generator):
    x_all = images / 16.0
    size = VARIABLES * CATEGORIES
    parameters = [
        0.05 * generator.standard_normal((PIXELS, size)),
        0.5 * generator.standard_normal(size),
        0.3 * generator.standard_normal((size, PIXELS)),
        np.zeros(PIXELS),
    ]
    adam = Adam(parameters)
    for step in range(STEPS):
        x = x_all[generator.integers(0, len(x_all), BATCH)]
        leading = generator.integers(1, VARIABLES + 1, BATCH)
        keep = (np.arange(VARIABLES) < leading[:, None]).astype(float)
        gumbels = generator.gumbel(size=(BATCH, VARIABLES, CATEGORIES))
        temperature = 1.0 - 0.5 * step / STEPS
        loss, gradients = loss_and_gradients(x, gumbels, keep, temperature, *parameters)
        adam.step(gradients, RATE * (1 - step / STEPS) + 1e-4)
        if step % 1000 == 0 or step == STEPS - 1:
            print(f"step {step}: negative ELBO {loss:.2f} nats an image")
    return parameters


if __name__ == "__main__":
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = digits.images.reshape(-1, PIXELS)
    fitted = fit(images, np.random.default_rng(0))
    DATA.mkdir(exist_ok=True)
    np.savez_compressed(
        DATA / "digits.npz", images=images.astype(np.uint8), labels=digits.target.astype(np.uint8)
    )
    names = ("encoder", "offset", "decoder", "bias")
    np.savez_compressed(
        DATA / "decoder.npz",
        **{name: p.astype(np.float16) for name, p in zip(names, fitted, strict=True)},
    )
