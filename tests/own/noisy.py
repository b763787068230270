"""f seen through noise, of 21 latents: a gradient that nobody can say; and a relaxed score."""

import dataclasses

import numpy as np

import gumbench


def value(x):
    return x[:, :, 0].sum(axis=1)


noisy = dataclasses.replace(
    gumbench.CategoricalProblem(np.zeros((21, 2)), value, compiled=False), feedback=1.0
)


@gumbench.estimator(
    "categorical",
    unbiased=False,
    evaluations=1,
    takes_temperature=True,
    draw_evaluations=lambda k: 1,
)
def softened(problem, noise, temperature, inner_samples):
    """A soft draw in the score of a hard one."""
    perturbed = problem.logits + noise.gumbel(0)
    soft = np.exp((perturbed - perturbed.max(-1, keepdims=True)) / temperature)
    soft /= soft.sum(-1, keepdims=True)
    hard = gumbench.one_hot(perturbed.argmax(-1), problem.categories)
    return problem.value(hard)[:, None, None] * (soft - problem.probabilities)
