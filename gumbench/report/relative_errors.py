"""Bias, cosine and variance of an estimator as shares of ‖g‖², with their errors.

A part of a journal line holds, for each of its batches, the variance, m_b · g, m_b · m and ‖m_b‖².
Everything here comes from them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench.stats.intervals import leave_one_out_means, squares_of_means
from gumbench.types import PartResult

# A ‖g‖² that is estimated, and a gain, are something where they are so many standard errors.
SQUARE_ERRORS = 2.0
GAIN_ERRORS = 4.0
# An exact gradient that is as small as this many units in the last place of a float64 is 0.
TRUTH_ROUNDINGS = 16.0


def gradient_square(result: PartResult) -> float | None:
    """‖g‖² of a part, its noise taken out where it is estimated; None where it is not seen or 0."""
    if result.truth == "none" or result.truth_norm is None:
        return None
    square = result.truth_norm**2 - (result.truth_error or 0.0) ** 2
    least = SQUARE_ERRORS * result.truth_square_error
    return square if square > max(least, (TRUTH_ROUNDINGS * result.truth_rounding) ** 2) else None


def gain(result: PartResult) -> tuple[Any, Any]:
    """m · g / ‖g‖² of a part, and its standard error; (None, None) where there are no shares."""
    square = gradient_square(result)
    if square is None:
        return None, None
    by_truth = np.array(result.batch_truth)
    value = float(by_truth.mean()) / square
    batch_error = float(by_truth.std(ddof=1)) / math.sqrt(by_truth.size) / square
    # A longer ‖g‖² divides by more, and half of that is in m · g.
    truths = value * result.truth_square_error / (2 * square)
    return value, math.hypot(batch_error, truths)


def cosine(result: PartResult) -> float | None:
    """Cosine of the angle between m and g, or None."""
    value, square = gain(result)[0], gradient_square(result)
    if value is None or square is None or not result.mean_norm:
        return None
    return max(-1.0, min(1.0, value * math.sqrt(square) / result.mean_norm))


def relative_variance(result: PartResult) -> float | None:
    """variance / ‖g‖², or None."""
    square = gradient_square(result)
    return None if square is None else result.variance / square


def is_rounding(result: PartResult) -> bool:
    """Whether all the variance there is, that nobody saw included, is the estimates' rounding."""
    high = result.variance_high
    return high is not None and max(result.variance, high) <= result.rounding**2


def is_unseen(result: PartResult) -> bool:
    """Whether most of a part's variance may be in events that were hardly ever drawn."""
    if result.silent:
        return True
    rare = result.unseen and result.unseen.half_width > result.variance
    return bool(rare) and not is_rounding(result)


@dataclass(frozen=True)
class Moments:
    """Moments of the estimates of a part: (batches + 1,), of all batches, then with each left out.

    by_truth : m · g; square : ‖m‖², its noise taken out, not below (m · g)² / ‖g‖²
    variance : of one estimate; 0 where it is rounding
    bias : ‖m - g‖², its noise and the truth's taken out; 0 where both are rounding
    """

    by_truth: np.ndarray
    square: np.ndarray
    variance: np.ndarray
    bias: np.ndarray


def moments(result: PartResult) -> Moments:
    """The Moments of a part with a truth."""
    by_truth = _left_out(result.batch_truth)
    square = np.concatenate(
        [
            [result.mean_norm**2],
            squares_of_means(result.batch_mean, result.batch_square)[1],
        ]
    )
    variance = variances(result)
    batches = by_truth.size - 1
    counts = result.batch_count * np.append(batches, np.full(batches, batches - 1))
    noise = variance / counts
    norm, error, size = result.truth_norm, result.truth_error or 0.0, result.bias_norm
    if norm is None or size is None:
        raise ValueError("moments need a gradient")
    bias = square - 2 * by_truth + norm**2 - noise - error**2
    bias[0] = size**2
    if is_rounding(result) and size <= result.rounding:
        bias[:] = 0.0
    least = by_truth**2 / (gradient_square(result) or math.inf)
    return Moments(by_truth, np.maximum(square - noise, least), variance, np.maximum(bias, 0.0))


def variances(result: PartResult) -> np.ndarray:
    """The variance of a part, and that with each batch left out."""
    batches = np.array(result.batch_variances)
    if not batches.size or is_rounding(result):
        return np.zeros(len(result.batch_mean) + 1)
    left = leave_one_out_means(batches) / (batches.mean() or 1.0)
    return result.variance * np.append(1.0, left)


def _left_out(values: Sequence[float]) -> np.ndarray:
    return np.append(np.mean(values), leave_one_out_means(values))


def covers_exact_variance(result: PartResult) -> bool | None:
    """Whether the interval of a variance holds the exact one; None where that is not known.

    Both are 0 where they differ by no more than rounding moves an estimate.
    """
    exact, low, high = result.exact_variance, result.variance_low, result.variance_high
    if exact is None or low is None or high is None:
        return None
    slack = result.rounding**2
    return low - slack <= exact <= high + slack
