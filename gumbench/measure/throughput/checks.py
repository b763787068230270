"""Whether what a form makes follows the law it should."""

import dataclasses

import numpy as np
from scipy import special

from gumbench.errors import InputError
from gumbench.stats.law import distance_test, law_test
from gumbench.types import Form, Job

CHECKED_ITEMS, MOST_CHECKED = 1 << 24, 1 << 16
# Between logits further apart, float32 has no ratio of two Concrete variables for sure.
LARGEST_GAP = 40.0


def check(form: Form, job: Job) -> float | None:
    """p of a form's results under the law they should have; None where there is none to test."""
    if job.kind == "words":
        words = np.asarray(form.build(job)()).astype(np.uint32)[:MOST_CHECKED]
        return distance_test((words + 0.5) / 2.0**32)
    if job.kind == "fill":
        gumbels = np.asarray(form.build(job)(), np.float64)[:MOST_CHECKED]
        return distance_test(np.exp(-np.exp(-gumbels)))
    if job.kind == "draws":
        return _of_draws(form, job)
    if job.kind == "concrete":
        return _of_concrete(form, job)
    # Ours are held against the exact gradient by every sweep.
    return _of_estimates(form, job) if job.kind == "estimates" and form.at_once == 1 else None


def _of_draws(form: Form, job: Job) -> float:
    """Many draws of the first row: one of each of many rows that are alike, or all of one."""
    few = min(MOST_CHECKED, max(1, CHECKED_ITEMS // job.categories))
    alike = np.ascontiguousarray(np.broadcast_to(job.logits[0], (few, job.categories)))
    checked = dataclasses.replace(job, rows=few, count=1, logits=alike)
    if job.count > 1 or not form.fits(checked):
        checked = dataclasses.replace(job, rows=1, count=MOST_CHECKED, logits=job.logits[:1])
    wanted = checked.rows * checked.count
    drawn = np.asarray(form.build(checked)()).ravel()
    if drawn.size != wanted or not (0 <= drawn.min() <= drawn.max() < job.categories):
        span = f"{drawn.size} numbers from {drawn.min()} to {drawn.max()}"
        asked = f"{wanted} categories below {job.categories}"
        raise InputError(f"{form.name} gave {span}; wanted were {asked}")
    probability = special.softmax(job.logits[0].astype(float))
    return law_test(drawn.astype(np.int64), probability)


def _of_concrete(form: Form, job: Job) -> float | None:
    """τ log(y_0 / y_1) - θ_0 + θ_1 is a difference of two Gumbels, and so logistic."""
    samples = np.asarray(form.build(job)(), np.float64)[:MOST_CHECKED]
    if not np.allclose(samples.sum(axis=1), 1, rtol=1e-3):
        return 0.0
    first, second = np.argsort(job.logits[0])[-2:] if job.categories > 1 else (0, 0)
    gap = job.logits[0, second] - job.logits[0, first]
    if first == second or gap > LARGEST_GAP:
        return None
    ratio = job.temperature * np.log(samples[:, first] / samples[:, second])
    return distance_test(special.expit(ratio + gap))


def _of_estimates(form: Form, job: Job) -> float:
    """Of the largest distance of a component's mean, in standard errors, from NumPy's float64."""
    sums, squares = (np.asarray(part, np.float64) for part in form.build(job)())
    count, logits = job.count, job.logits[0].astype(np.float64)
    mean = sums / count
    variance = (squares / count - mean**2) / count
    p, target = special.softmax(logits), job.target.astype(np.float64)
    if job.estimator == "score":
        f = (target**2).sum() + 1 - 2 * target
        wanted, other = p * (f - p @ f), 0.0
    else:
        samples = max(1, min(MOST_CHECKED, CHECKED_ITEMS // job.categories))
        shape = samples, job.categories
        z = (logits + np.random.default_rng(1).gumbel(size=shape)) / job.temperature
        y = np.exp(z - special.logsumexp(z, axis=1, keepdims=True))
        g = 2 * (y - target)
        estimates = y * (g - (y * g).sum(axis=1, keepdims=True)) / job.temperature
        wanted, other = estimates.mean(axis=0), estimates.var(axis=0) / samples
    # Sums of float32 are rounded.
    rounding = 1e-6 * np.sqrt(squares / count)
    z = np.abs(mean - wanted) / np.sqrt(variance + other + rounding**2)
    return min(1.0, float(2 * job.categories * special.ndtr(-z.max())))
