"""A point of the grid, the gradient it is held against, and what was found there."""

import functools
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

# Groups of a cell's estimates.
BATCHES = 64


@dataclass(frozen=True)
class Truth:
    """A gradient to measure bias against.

    Attributes
    ----------
    gradient
        (parameters,) float64
    source
        closed form, enumeration, dynamic programming, quadrature, estimated or none
    error
        (parameters,) standard errors where it is estimated, else None
    row_error
        standard errors of its grouped sums (see measure.variance), else None
    square_error
        (parts,) standard errors of ‖gradient‖² of each part, else None
    """

    gradient: Any
    source: str
    error: Any = None
    row_error: Any = None
    square_error: Any = None


@dataclass(frozen=True)
class Cell:
    """One point of the grid: what is computed, and nothing about how.

    digest: of the code and data the numbers depend on. options: what one measurement takes, such as
    ("components", True), where that differs from its default. sampler: of a cell without a problem,
    which times that sampler.
    """

    measurement: str
    problem: str
    dimension: int
    problem_settings: tuple[tuple[str, Any], ...]
    estimator: str
    estimator_settings: tuple[tuple[str, Any], ...]
    temperature: float | None
    inner_samples: int | None
    dtype: str
    seed: int
    estimates: int
    truth_estimates: int
    digest: str
    options: tuple[tuple[str, Any], ...] = ()
    sampler: str = ""
    skipped: str = ""

    def identity(self) -> dict[str, Any]:
        """Everything but the digest, as plain JSON types."""
        names = [name for name in self.__dataclass_fields__ if name not in ("digest", "skipped")]
        return json.loads(json.dumps({name: getattr(self, name) for name in names}))

    @functools.cached_property
    def key(self) -> str:
        """Stable name of the cell: 16 hexadecimal digits."""
        text = json.dumps([self.identity(), self.digest], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def pass_key(self) -> str:
        """Equal for cells that differ only in temperature."""
        return json.dumps([{**self.identity(), "temperature": None}, self.digest], sort_keys=True)

    def timed_as(self) -> tuple[Any, ...]:
        """Equal for cells whose estimates take the same time."""
        where = self.problem, self.dimension, self.problem_settings, self.dtype
        return (*where, self.estimator, self.estimator_settings, self.inner_samples)

    def settings_text(self) -> str:
        """The settings as one column shows them."""
        both = sorted({**dict(self.problem_settings), **dict(self.estimator_settings)}.items())
        return " ".join(f"{key}={value}" for key, value in both)


@dataclass(frozen=True)
class Unseen:
    """What outcomes that are hardly ever drawn may add to a variance.

    half_width : two standard deviations of the variance measured, by the rare outcomes alone
    expected : how often the one that adds most is drawn in all estimates
    enough : number of estimates that would see it
    """

    half_width: float
    expected: float
    enough: float


@dataclass(frozen=True)
class PartResult:
    """What a cell's estimates say of one part of the parameters; None is what is not known.

    truth : where the exact gradient g comes from; truth_norm : ‖g‖
    truth_error : standard error of g, as a length; truth_square_error : of ‖g‖²
    truth_rounding : how far rounding may move g
    variance : trace of the covariance of one estimate; variance_low, variance_high : its interval
    relative_error : standard error of the variance, as a share of it
    rounding : how far rounding may move an estimate
    unseen : of outcomes that were hardly ever drawn
    silent : all estimates were 0 where the gradient is not, which has shown nothing yet
    batch_count : estimates of each batch; batch_variances : (batches,)
    mean_norm : ‖m‖, m the mean of all batches
    batch_truth, batch_mean, batch_square : (batches,) m_b · g, m_b · m and ‖m_b‖²
    bias_norm, bias_low, bias_high : length of the bias with its interval
    bias_z, bias_p, bias_groups : of the bias test; mse : mean squared error of one estimate
    exact_variance, exact_bias_norm : of an estimate that can be summed over all its noise
    components : truth, mean, standard_error and variance of each component, where asked for
    """

    truth: str
    truth_norm: float | None
    truth_error: float | None
    truth_square_error: float
    truth_rounding: float
    variance: float
    variance_low: float | None
    variance_high: float | None
    relative_error: float | None
    rounding: float
    unseen: Unseen | None
    silent: bool
    batch_count: int
    batch_variances: tuple[float, ...]
    mean_norm: float
    batch_truth: tuple[float, ...]
    batch_mean: tuple[float, ...]
    batch_square: tuple[float, ...]
    bias_norm: float | None = None
    bias_low: float | None = None
    bias_high: float | None = None
    bias_z: float | None = None
    bias_p: float | None = None
    bias_groups: int | None = None
    mse: float | None = None
    exact_variance: float | None = None
    exact_bias_norm: float | None = None
    components: dict[str, list[float]] | None = None


@dataclass(frozen=True)
class Record:
    """One finished cell: one line of the journal.

    status: done, skipped, error or diverged. result: what the measurement found, plain JSON
    types. parts: of a measurement of variance. clock: what a clock measured, kept apart from what
    is reproducible.
    """

    key: str
    measurement: str
    cell: Cell
    status: str
    result: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    message: str = ""
    clock: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, PartResult] = field(default_factory=dict)
