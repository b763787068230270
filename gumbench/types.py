"""Core data types: Problem, Estimator, Sampler, Noise, Cost, Cell, Record, Truth."""

import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from pydantic.fields import FieldInfo

from gumbench import settings
from gumbench.errors import unknown

BATCHES = 64


class Kernel(Protocol):
    """An estimator's function that Numba compiles (see Estimator)."""

    def __call__(
        self,
        noise: Any,
        temperature: Any,
        prepared: Any,
        objective: Any,
        out: Any,
        theta_gradient: Any,
        /,
    ) -> None:
        """Turn one block of noise into estimates."""


@dataclass(frozen=True, eq=False)
class Problem:
    """An objective E_{z ~ p_{μ(θ)}}[f_θ(z)] at one θ.

    The functions are plain Python that Numba compiles for float32 and float64. x is (variables,
    categories, block), with one category for a Gaussian, block last and contiguous; `out` is
    overwritten.

    Attributes
    ----------
    family
        "categorical", "gaussian" or "trajectory"
    theta
        (parameters,) float64, what the gradient is taken in
    parts
        sizes of the named blocks of θ, in order
    shape
        (variables, categories); of trajectories, (steps, actions)
    value
        value(x, theta, data, out), out (block,): f and, on the simplex, its continuous extension;
        None for trajectories, whose rewards are data
    value_at
        value_at(category, theta, data, out), category (variables, block) int32: f at a draw
    gradient
        gradient(x, theta, data, out), out like x: ∂f/∂x; None where f has none
    direct
        direct(x, theta, data, out), out (parameters, block): ∂f/∂θ at fixed x
    direct_is_score
        `direct` has mean zero, as that of log q in an ELBO: estimators that do not differentiate
        through the sample leave it out; None: not decided (see engine.direct)
    link
        (forward(theta, data, out), pullback(g, theta, data, out)): θ to logits (variables,
        categories) or to mean and scale (2, variables), and its transpose, g with a block axis
    data
        constants of f, one 1-D float array
    link_data
        what the link gets for its data; None: the same
    reward_noise
        standard deviation of normal noise on f at a draw, a bandit's; 0 for none
    truth
        truth(theta, data) -> (parameters,) float64, the exact gradient, or None
    truth_source
        how it is found: "closed form" or "quadrature"
    compiled
        False where the functions are any Python on arrays with the estimates first (see
        gumbench.user_code.problem), called back from compiled code
    dist_params
        (rows, columns) what the link should make of θ, to be compared with it; None: not known
    dist_shape
        the shape of the distribution parameters where `shape` does not say it: of trajectories,
        (states, actions)
    remarks
        sentences about it that a user should read
    name, dimension, settings
        filled in by the registry
    """

    family: str
    theta: Any
    parts: dict[str, int]
    shape: tuple[int, int]
    value: Callable[..., Any] | None = None
    value_at: Callable[..., Any] | None = None
    gradient: Callable[..., Any] | None = None
    direct: Callable[..., Any] | None = None
    direct_is_score: bool | None = None
    link: tuple[Callable[..., Any], Callable[..., Any]] | None = None
    data: Any = ()
    link_data: Any = None
    reward_noise: float = 0.0
    truth: Callable[..., Any] | None = None
    truth_source: str = "closed form"
    compiled: bool = True
    dist_params: Any = None
    dist_shape: tuple[int, int] | None = None
    remarks: tuple[str, ...] = ()
    name: str = ""
    dimension: int = 1
    settings: dict[str, Any] = field(default_factory=dict)

    def function(self, role: str) -> Callable[..., Any] | None:
        """Its own function of a role (see kernels.compiler.roles), or None."""
        if role in ("forward", "pullback"):
            return self.link[role == "pullback"] if self.link else None
        return getattr(self, role)


@dataclass(frozen=True)
class ProblemMaker:
    """What a problem's file declares: how to make the problem at a dimension.

    Attributes
    ----------
    make
        make(dimension, *, settings...) -> Problem; its keyword-only arguments are the settings
        (see gumbench.settings)
    symbol
        what the dimension counts: C, D or d
    dimensions
        the axis swept where none is asked for
    least, most
        the range of dimensions allowed
    temperatures
        the axis of temperatures where none is asked for
    """

    make: Callable[..., Problem]
    family: str
    symbol: str
    dimensions: tuple[int, ...]
    least: int = 1
    most: int = 2**33
    temperatures: tuple[float, ...] = (0.1, 0.5, 1.0)
    name: str = ""
    summary: str = ""

    def allows(self, dimension: int) -> bool:
        """Whether there is a problem of that dimension."""
        return self.least <= dimension <= self.most

    @functools.cached_property
    def settings(self) -> dict[str, FieldInfo]:
        """The settings of `make`."""
        return settings.declared(self.make)


def problem(**facts: Any) -> Callable[[Callable[..., Problem]], ProblemMaker]:
    """Declare the facts of a problem's `make` function, as a decorator.

    Parameters
    ----------
    facts
        fields of ProblemMaker by name

    Returns
    -------
    Callable
        Makes a ProblemMaker of a function.
    """
    return lambda make: ProblemMaker(make=make, summary=inspect.getdoc(make) or "", **facts)


NOISE_KINDS = ("gumbel", "exponential", "normal", "uniform", "draw")


@dataclass(frozen=True)
class Noise:
    """One array of random numbers of which an estimate is made.

    Attributes
    ----------
    kind
        "gumbel", "exponential" (of which Gumbels are -log), "normal" or "uniform"; or "draw", the
        categories (variables,) that are drawn, however that is done
    per
        "category" for an array (variables, categories), "variable" for one (variables,)
    purpose
        "conditional" for numbers that are independent of all others
    """

    kind: str
    per: str = "category"
    purpose: str = ""

    def __post_init__(self) -> None:
        for name, known in (
            ("kind", NOISE_KINDS),
            ("per", ("category", "variable")),
            ("purpose", ("", "conditional")),
        ):
            if getattr(self, name) not in known:
                raise unknown(
                    f"{name} of noise", str(getattr(self, name)), known, "docs/own-code.md"
                )


class Sizes(NamedTuple):
    """What the cost of an estimate depends on."""

    inner_samples: int
    variables: int
    categories: int


@dataclass(frozen=True)
class Cost:
    """Evaluations that one estimate makes.

    Attributes
    ----------
    values, gradients
        of f and of ∂f/∂x
    at_draws
        f is evaluated at its draws and nowhere else, once for each value
    """

    values: float = 0.0
    gradients: float = 0.0
    at_draws: bool = False


# Methods of estimators, in the order of `gumbench list`: names of tags, and what they are.
METHODS = {
    "exact": "all outcomes are summed",
    "score": "the score of the draw is weighed by f",
    "rao-blackwell": "a part of the noise is summed or integrated out",
    "without-replacement": "several categories are drawn, no one twice",
    "antithetic": "f is evaluated at pairs of opposite noise",
    "noise-score": "the score of the noise that makes the draw is weighed by f",
    "measure-valued": "the derivative of the density is a difference of two densities",
    "pathwise": "f is differentiated through the sample",
    "relaxation": "the draw becomes a point of the simplex, through which f is differentiated",
    "straight-through": "f is differentiated at a hard draw, as if it were a soft one",
}


def _any_number(samples: int, problem: Problem) -> str:
    return ""


class InnerSamples(NamedTuple):
    """How many samples one estimate may have inside.

    Attributes
    ----------
    least, default
        numbers from 1
    refuse
        refuse(samples, problem) -> what a problem needs where it does not take so many, else ""
    """

    least: int
    default: int
    refuse: Callable[[int, Problem], str] = _any_number

    def why_not(self, samples: int, problem: Problem) -> str:
        """What is wrong with a number of samples, or an empty string."""
        return f"at least {self.least}" if samples < self.least else self.refuse(samples, problem)

    def usual(self, problem: Problem) -> int:
        """The default, or the least where the problem does not take that."""
        return self.least if self.refuse(self.default, problem) else self.default


@dataclass(frozen=True)
class Estimator:
    """What an estimator's file declares, and its two functions.

    Attributes
    ----------
    kernel
        None where `compute` is given, else kernel(noise, temperature, prepared, objective, out,
        theta_gradient) turns one block of noise (kernels.compiler.roles.NoiseBlock) into
        estimates. out (rows, columns, block) is the gradient in the distribution parameters;
        theta_gradient (parameters, block), empty where the problem has no ∂f/∂θ, has that added
    noise
        the arrays of noise of an estimate, as a function of the inner samples
    cost
        the Cost of an estimate, as a function of Sizes
    compute
        compute(problem, noise, temperature, inner_samples), the same in plain Python (see
        gumbench.user_code.estimator)
    prepare
        prepare(preparation) -> (n,) float64, what depends on θ and the temperature alone; see
        engine.bound_estimator.Preparation. The evaluations of f it makes are counted
    prepare_is_free
        they are not charged: a training run gets the same from a moving average
    oracle
        it rests on what nobody has, and is shown but takes part in no verdict; or whether it does
        with given settings, as a function of them
    methods
        names of METHODS, tags of it; `list` groups by the first
    formula
        shown by `explain`
    use
        when to use it, a sentence
    papers
        keys of data/papers.bib, or what else a user cites
    unbiased
        whether the mean of its estimates is the gradient
    exact_for
        the functions f for which a biased one has no bias, for `explain`
    path
        differentiates through the sample
    takes_temperature
        one cell for every temperature
    inner_samples
        InnerSamples, or (least, default), of the samples inside one estimate; None for none
    needs
        what a problem must have, by names of gumbench.distributions.needs.NEEDS
    settings
        by name, each a pydantic field, or its default alone; `prepare` and `compute` get them
    deterministic
        one estimate says all; what it prepares is that estimate's cost
    """

    family: str
    unbiased: bool
    cost: Callable[[Sizes], Cost]
    kernel: Kernel | None = None
    compute: Callable[..., Any] | None = None
    methods: tuple[str, ...] = ()
    formula: str = ""
    use: str = ""
    papers: tuple[str, ...] = ()
    noise: Callable[[int], Sequence[Noise]] = lambda inner_samples: ()
    prepare: Callable[..., Any] | None = None
    prepare_is_free: bool = False
    oracle: bool | Callable[[Mapping[str, Any]], bool] = False
    aliases: tuple[str, ...] = ()
    exact_for: str = ""
    path: bool = False
    takes_temperature: bool = False
    inner_samples: InnerSamples | None = None
    needs: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    deterministic: bool = False
    name: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        fields = {name: settings.field(default) for name, default in self.settings.items()}
        object.__setattr__(self, "settings", fields)
        for method in self.methods:
            if method not in METHODS:
                raise unknown("method", method, list(METHODS), "docs/own-code.md")
        if self.inner_samples:
            object.__setattr__(self, "inner_samples", InnerSamples(*self.inner_samples))

    def is_oracle(self, given: Any = ()) -> bool:
        """Whether it is an oracle with some settings."""
        return self.oracle(self.all_settings(given)) if callable(self.oracle) else self.oracle

    def all_settings(self, given: Any = ()) -> dict[str, Any]:
        """All settings by name: those given, as pairs or a mapping, and the defaults of others."""
        return {name: field.default for name, field in self.settings.items()} | dict(given)


@dataclass(frozen=True)
class Sampler:
    """What a sampler's file declares, and its two functions (see kernels.loops.sampling).

    Attributes
    ----------
    kernel
        draws from rows of logits
    prepare
        fills the table that depends on a row of logits alone
    table_size
        numbers in that table, as a function of the categories
    resolution
        bits of randomness a draw has; an event rarer than 2^-resolution may never happen
    formula
        shown by `explain`; papers : keys of data/papers.bib
    flaw
        where the law is not the one wanted; shown there and below tables
    """

    kernel: Callable[..., None]
    formula: str
    resolution: int
    flaw: str = ""
    prepare: Callable[..., Any] | None = None
    table_size: Callable[[int], int] = lambda categories: 0
    papers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    name: str = ""
    summary: str = ""


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
    silent : a relaxation all of whose estimates were 0, which has shown nothing yet
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
