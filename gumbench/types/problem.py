"""An objective and its maker."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic.fields import FieldInfo

from gumbench import settings


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
