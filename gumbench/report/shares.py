"""How much of the gradient g is in the mean m of estimates: shares of ‖g‖², with their errors.

A part of a journal line holds, for each of its batches, the variance, m_b · g, m_b · m and ‖m_b‖².
Everything here comes from them.
"""

import math
from dataclasses import dataclass

import numpy as np

from gumbench.stats.intervals import leave_one_out_means, squares_of_means

# A ‖g‖² that is estimated, and a gain, are something where they are so many standard errors.
SQUARE_ERRORS = 2.0
GAIN_ERRORS = 4.0
# An exact gradient that is as small as this many units in the last place of a float64 is 0.
TRUTH_ROUNDINGS = 16.0


def gradient_square(found):
    """‖g‖² of a part, its noise taken out where it is estimated; None where it is not seen or 0."""
    if found.truth == "none" or found.truth_norm is None:
        return None
    square = found.truth_norm**2 - found.truth_error**2
    least = SQUARE_ERRORS * found.truth_square_error
    return square if square > max(least, (TRUTH_ROUNDINGS * found.truth_rounding) ** 2) else None


def gain(found):
    """m · g / ‖g‖² of a part, and its standard error; (None, None) where there are no shares."""
    square = gradient_square(found)
    if square is None:
        return None, None
    by_truth = np.array(found.batch_truth)
    value = float(by_truth.mean()) / square
    own = float(by_truth.std(ddof=1)) / math.sqrt(by_truth.size) / square
    # A longer ‖g‖² divides by more, and half of that is in m · g.
    truths = value * found.truth_square_error / (2 * square)
    return value, math.hypot(own, truths)


def cosine(found):
    """Cosine of the angle between m and g, or None."""
    value, _ = gain(found)
    if value is None or not found.mean_norm:
        return None
    return max(-1.0, min(1.0, value * math.sqrt(gradient_square(found)) / found.mean_norm))


def relative_variance(found):
    """variance / ‖g‖², or None."""
    square = gradient_square(found)
    return None if square is None else found.variance / square


def is_rounding(found):
    """Whether all the variance there is, that nobody saw included, is the estimates' rounding."""
    high = found.variance_high
    return high is not None and max(found.variance, high) <= found.rounding**2


def is_unseen(found):
    """Whether most of a part's variance may be in events that were hardly ever drawn."""
    if found.silent:
        return True
    rare = found.unseen and found.unseen.half_width > found.variance
    return bool(rare) and not is_rounding(found)


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


def moments(found):
    """The Moments of a part with a truth."""
    by_truth = _left_out(found.batch_truth)
    square = np.concatenate(
        [
            [found.mean_norm**2],
            squares_of_means(found.batch_mean, found.batch_square)[1],
        ]
    )
    variance = variances(found)
    batches = by_truth.size - 1
    counts = found.batch_count * np.append(batches, np.full(batches, batches - 1))
    noise = variance / counts
    truth = found.truth_norm**2
    bias = square - 2 * by_truth + truth - noise - found.truth_error**2
    bias[0] = found.bias_norm**2
    if is_rounding(found) and found.bias_norm <= found.rounding:
        bias[:] = 0.0
    least = by_truth**2 / (gradient_square(found) or math.inf)
    return Moments(by_truth, np.maximum(square - noise, least), variance, np.maximum(bias, 0.0))


def variances(found):
    """The variance of a part, and that with each batch left out."""
    batches = np.array(found.batch_variances)
    if not batches.size or is_rounding(found):
        return np.zeros(len(found.batch_mean) + 1)
    left = leave_one_out_means(batches) / (batches.mean() or 1.0)
    return found.variance * np.append(1.0, left)


def _left_out(values):
    return np.append(np.mean(values), leave_one_out_means(values))
