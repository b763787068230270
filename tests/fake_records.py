"""Journal lines as a measurement writes them, made from numbers that are chosen."""

import numpy as np

from gumbench.report import tables
from gumbench.types import Cell, PartResult, Record, Unseen

BATCHES, COUNT = 64, 100
COLUMNS = [c.name for c in tables.table("variance").COLUMNS]
CELL = {
    "measurement": "variance",
    "problem": "bernoulli-toy",
    "dimension": 1,
    "problem_settings": (),
    "estimator_settings": (),
    "temperature": None,
    "inner_samples": None,
    "dtype": "float32",
    "seed": 0,
    "estimates": BATCHES * COUNT,
    "truth_estimates": 64,
    "digest": "",
}


def part(gradient, mean, variance, generator, truth="closed form", spread=0.1, **values):
    """The result of one part: batch means around a mean, batch variances around a variance.

    spread : relative, of the batches' variances
    """
    gradient, mean = np.asarray(gradient, float), np.asarray(mean, float)
    n = BATCHES * COUNT
    noise = np.sqrt(variance / COUNT / gradient.size)
    means = mean + noise * generator.standard_normal((BATCHES, gradient.size))
    means += mean - means.mean(axis=0) + np.sqrt(variance / n / gradient.size)
    within = variance * np.exp(spread * generator.standard_normal(BATCHES))
    within *= variance / within.mean() if variance else 1.0
    mean_found = means.mean(axis=0)
    square = ((mean_found - gradient) ** 2).sum() - variance / n
    unseen = values.pop("unseen", None)
    found = {
        "truth": truth,
        "truth_norm": float(np.linalg.norm(gradient)),
        "truth_error": 0.0,
        "truth_square_error": 0.0,
        "truth_rounding": 1e-16,
        "variance": float(variance),
        "variance_low": float(0.95 * variance),
        "variance_high": float(1.05 * variance),
        "relative_error": 0.02,
        "rounding": 1e-7,
        "unseen": unseen and Unseen(**unseen),
        "silent": False,
        "batch_count": COUNT,
        "batch_variances": tuple(within),
        "mean_norm": float(np.linalg.norm(mean_found)),
        "batch_truth": tuple(means @ gradient),
        "batch_mean": tuple(means @ mean_found),
        "batch_square": tuple((means**2).sum(axis=1)),
        "bias_norm": float(np.sqrt(max(0.0, square))),
        "bias_low": 0.0,
        "bias_high": 1.0,
        "bias_z": 0.0,
        "bias_p": 1.0,
        "bias_groups": 1,
        "mse": float(variance + max(0.0, square)),
        **values,
    }
    return PartResult(**found)


def record(estimator, part, unbiased=False, evaluations=1.0, gradients=0.0, cell=(), **values):
    """A finished cell; `values` are of its result."""
    values = {
        "family": "categorical",
        "unbiased": unbiased,
        "oracle": False,
        "deterministic": False,
        "settings": "",
        "part_sizes": {"logit": 1},
        "evaluations": float(evaluations),
        "gradient_evaluations": float(gradients),
        "prepare_evaluations": 0,
        "prepare_gradient_evaluations": 0,
        "value_ratio": 1.0,
        **values,
    }
    cell = Cell(**{**CELL, "estimator": estimator, **dict(cell)})
    return Record(estimator, "variance", cell, "done", values, parts={"logit": part})
