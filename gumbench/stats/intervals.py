"""Intervals of a variance, of a median and of ratios, by the jackknife and by order statistics."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import special

LEVEL = 0.95


def t_quantile(degrees: float, level: float = LEVEL) -> float:
    """Two-sided quantile of Student's t."""
    return float(special.stdtrit(degrees, (1 + level) / 2))


def jackknife_error(leave_one_out: np.ndarray) -> float:
    """Standard error of a statistic from its values with one batch left out (Tukey 1958)."""
    values = np.asarray(leave_one_out, float)
    n = values.size
    return math.sqrt((n - 1) / n * float(np.sum((values - values.mean()) ** 2)))


def leave_one_out_means(values: Any) -> Float[np.ndarray, " n"]:
    """Means of all values but one. values: (n,)."""
    values = np.asarray(values, float)
    return (values.sum() - values) / (values.size - 1)


def square_of_mean(
    means: Float[np.ndarray, "batches parameters"],
) -> tuple[float, Float[np.ndarray, " batches"]]:
    """‖mean‖² of batches' means (batches, parameters), and that with each batch left out."""
    mean = means.mean(axis=0)
    return squares_of_means(means @ mean, np.einsum("bp,bp->b", means, means))


def squares_of_means(by_mean: Any, squares: Any) -> tuple[float, Float[np.ndarray, " batches"]]:
    """The same from the batches' products with the mean (batches,), and their ‖mean_b‖²."""
    by_mean, squares = np.asarray(by_mean, float), np.asarray(squares, float)
    n, whole = by_mean.size, by_mean.mean()
    return whole, (n * n * whole - 2 * n * by_mean + squares) / (n - 1) ** 2


def variance_interval(variance: float, batch_variances: Any) -> tuple[float, float, float]:
    """95 % interval of a variance from those of equally large batches, and its relative error.

    The jackknife works on the logarithm, with t at one degree less than there are batches; on the
    plain scale where leaving a batch out leaves nothing. Returns (low, high, relative error).
    """
    batch_variances = np.asarray(batch_variances, float)
    if not batch_variances.size or not np.all(np.isfinite(batch_variances)):
        return math.nan, math.nan, math.nan
    quantile = t_quantile(batch_variances.size - 1)
    left = leave_one_out_means(batch_variances)
    if left.min() > 0:
        error = jackknife_error(np.log(left))
        factor = math.exp(quantile * error)
        return variance / factor, variance * factor, error
    error = jackknife_error(left)
    low, high = max(0.0, variance - quantile * error), variance + quantile * error
    return low, high, error / variance if variance else 0.0


def effective_estimates(relative_error: float, estimates: int) -> float:
    """How many normal estimates would know the variance as well."""
    return 1 / (relative_error**2 + 1 / estimates)


def median_interval(values: Any, level: float = LEVEL) -> tuple[float, float, float]:
    """Median and an interval of it by order statistics, of at least this level where n allows.

    values : (n,), n at least 3; for fewer than 6 the interval is the whole range.
    """
    ordered = np.sort(np.asarray(values, float))
    n = ordered.size
    below = int(special.bdtrik((1 - level) / 2, n, 0.5)) if n > 5 else 0
    below = max(0, below if special.bdtr(below, n, 0.5) <= (1 - level) / 2 else below - 1)
    return float(np.median(ordered)), float(ordered[below]), float(ordered[n - 1 - below])


def log_ratio_of_medians(over: Any, under: Any) -> tuple[float, float]:
    """log of the ratio of two paired series' medians, and its standard error from the pairs."""
    logs = np.log(np.asarray(over, float)) - np.log(np.asarray(under, float))
    error = math.sqrt(math.pi / 2) * float(logs.std(ddof=1)) / math.sqrt(logs.size)
    return float(np.median(logs)), error
