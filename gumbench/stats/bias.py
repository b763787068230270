"""How large a bias is, and a test for one over all components."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

from gumbench.stats.intervals import LEVEL, t_quantile

MOST_GROUPS = 64
BRANCHES = 4
ESTIMATES_PER_GROUP = 400
# An event expected so often still fails to happen once in a thousand times.
MISSED_EVENTS = 7


@dataclass(frozen=True)
class Bias:
    """Size of a bias with its 95 % interval; `square` is unbiased for its square."""

    norm: float
    low: float
    high: float
    square: float


def bias_size(
    differences: Float[np.ndarray, "batches parameters"],
    variance_of_mean: float,
    extra_variance: float = 0.0,
    missed: float = 0.0,
) -> Bias:
    """Size of the bias of a mean, as a Bias whose interval is wider by `missed` on both sides.

    differences : (batches, parameters), batch means less the truth
    variance_of_mean : trace of the covariance of the mean of all batches
    extra_variance : trace of the truth's own covariance
    missed : what events that never happened could add to the mean

    ‖d‖² less its expected noise is unbiased for ‖bias‖². The interval is the union of two: that of
    a noncentral χ² with the degrees of freedom (tr Σ)² / tr Σ² of the noise, which is right for a
    bias near zero, and the normal one along the direction found, which is right for a large one.
    """
    batches = differences.shape[0]
    gram = np.einsum("ap,bp->ab", differences, differences)
    length = float(gram.sum()) / batches**2
    noise = variance_of_mean + extra_variance
    square = length - noise
    norm = math.sqrt(max(0.0, square))
    if noise <= 0 or batches < 2 or not math.isfinite(length):
        exact = math.sqrt(length)
        return Bias(exact, max(0.0, exact - missed), exact + missed, length)
    low, high = _noncentral_interval(length, noise, _degrees(gram, batches))
    if length > 0:
        along = gram.sum(axis=1) / batches / math.sqrt(length)
        error = math.sqrt(float(along.var(ddof=1)) / batches + extra_variance)
        half_width = t_quantile(batches - 1) * error
        center = math.sqrt(length) if square > 0 else 0.0
        low, high = min(low, max(0.0, center - half_width)), max(high, norm + half_width)
    return Bias(norm, max(0.0, low - missed), high + missed, square)


def _degrees(gram: Float[np.ndarray, "batches batches"], batches: int) -> float:
    """Effective degrees of freedom of the noise, from the inner products of the batches."""
    row = gram.mean(axis=1)
    centered = gram - row[:, None] - row[None, :] + row.mean()
    trace = float(np.trace(centered)) / (batches - 1)
    off = float((centered**2).sum() - (np.diag(centered) ** 2).sum())
    # The centring leaves each off-diagonal product with mean -trace/batches.
    off -= trace**2 * (batches - 1) / batches
    square = max(off / (batches * (batches - 1)), 0.0)
    return max(1.0, trace**2 / square) if square > 0 else 1e6


def _noncentral_interval(length: float, noise: float, degrees: float) -> tuple[float, float]:
    """95 % interval of ‖bias‖ where ‖d‖² is noise/degrees times a noncentral χ²."""
    unit = noise / degrees
    x = length / unit
    if x > 1e4 + 10 * degrees:
        half_width = t_quantile(1e6) * math.sqrt(unit)
        return max(0.0, math.sqrt(length) - half_width), math.sqrt(length) + half_width
    tail = (1 - LEVEL) / 2

    def noncentrality(level: float) -> float:
        if special.chdtr(degrees, x) <= level:
            return 0.0
        return float(special.chndtrinc(x, degrees, level))

    low, high = (math.sqrt(noncentrality(level) * unit) for level in (1 - tail, tail))
    return low, high


@dataclass(frozen=True)
class Groups:
    """How the components of one part are summed for the bias test.

    leaf, sign : (parameters,) group of each component and its sign in it
    sizes : number of groups on each level, from the finest to one; a group of a level is the sum
        of up to four of the level before
    """

    leaf: Int[np.ndarray, " parameters"]
    sign: Float[np.ndarray, " parameters"]
    sizes: tuple[int, ...]

    @property
    def single(self) -> bool:
        """Whether each component is a group of its own on the finest level."""
        return self.leaf.size <= MOST_GROUPS


def _mix(x: np.ndarray) -> np.ndarray:
    """A hash of 64-bit integers (the finaliser of splitmix64)."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def group_components(parameters: int) -> Groups:
    """Groups for a part of so many components.

    Components are ranked by a hash and dealt to the groups in turn. Signs alternate along the
    ranks, since the components of a softmax gradient sum to zero.
    """
    count = min(parameters, MOST_GROUPS)
    rank = np.empty(parameters, np.int64)
    rank[np.argsort(_mix(np.arange(parameters, dtype=np.uint64)), kind="stable")] = np.arange(
        parameters
    )
    sizes = [count]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // BRANCHES))
    sign = np.where((rank + rank // count) % 2, -1.0, 1.0)
    return Groups(rank % count, sign, tuple(sizes))


@dataclass(frozen=True)
class BiasTest:
    """Outcome: `p` is corrected for the number of groups, `z` is the normal |z| of that p."""

    z: float
    p: float
    groups: int


def testable(
    variance: Float[np.ndarray, " groups"], total: float, effective: float
) -> Bool[np.ndarray, " groups"]:
    """Which groups have sums close enough to normal: (groups,) of truth values.

    variance : (groups,) of one sum; total : the variance of all components; effective : estimates
        that it is known from

    Effective estimates are shared out by variance: a group of rare categories has few, however
    many all have. Where no group has enough, the one of the largest variance is left.
    """
    least = total * ESTIMATES_PER_GROUP / effective
    return variance >= min(least, float(variance.max()))


def bias_test(
    difference: Float[np.ndarray, " groups"],
    variance: Float[np.ndarray, " groups"],
    estimates: int,
    effective: float,
    tolerance: Float[np.ndarray, " groups"],
    truth_error: Float[np.ndarray, " groups"],
) -> BiasTest:
    """Test that group sums have mean zero.

    difference, variance : (groups,) mean of each sum less the truth, and the variance of one sum
    effective : effective estimates; one less are the degrees of Student's t
    tolerance : (groups,) what rounding and events that never happened may make of it
    truth_error : (groups,) standard error of the truth's own sums
    """
    excess = np.maximum(np.abs(difference) - tolerance, 0.0)
    error = np.sqrt(np.asarray(variance) / estimates + np.square(truth_error))
    with np.errstate(divide="ignore", invalid="ignore"):
        most = float(np.where(excess > 0, excess / error, 0.0).max())
    groups = excess.size
    p = 2 * float(special.stdtr(max(1.0, effective - 1), -most)) if most < math.inf else 0.0
    # 1 - (1 - p)^groups without losing a small p.
    corrected = -math.expm1(groups * math.log1p(-min(p, 1.0 - 1e-16)))
    if corrected == 0.0:
        return BiasTest(most, 0.0, groups)
    return BiasTest(max(0.0, float(-special.ndtri(corrected / 2))), corrected, groups)
