"""An estimator: its noise, its cost, and what its file declares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from gumbench import settings
from gumbench.errors import unknown
from gumbench.types.problem import Problem


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
    "quasi-monte-carlo": "samples lie evenly instead of independently",
}


# Of estimates that have others' samples inside: their variance is known to 5 %.
FEWEST_ESTIMATES = 2048


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
    shares_estimates
        samples take the place of estimates, of which a sweep makes so many times fewer
    """

    least: int
    default: int
    refuse: Callable[[int, Problem], str] = _any_number
    shares_estimates: bool = False

    def why_not(self, samples: int, problem: Problem) -> str:
        """What is wrong with a number of samples, or an empty string."""
        return f"at least {self.least}" if samples < self.least else self.refuse(samples, problem)

    def estimates(self, wanted: int, samples: int) -> int:
        """How many estimates are made where a sweep wants so many."""
        return max(FEWEST_ESTIMATES, wanted // samples) if self.shares_estimates else wanted

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
