"""Interface of a distribution, which each module here implements."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gumbench.distributions.draws import DrawSource
from gumbench.types import Noise, Problem


@runtime_checkable
class Distribution(Protocol):
    """What a module of a distribution holds.

    DISCRETE : whether samples are categories of independent variables, of which outcomes are made
    NOISE : of which a sample is made
    DRAWN, DRAWN_FASTEST : the DrawSources of `Noise("draw")`, from the noise that all estimators
        share, and with the least work; None where there are no categories to draw
    PARAMETERS : what the parameters are called in a user's estimator, each by a function of them
    TRUTH_SOURCE : how `exact_gradient` finds it
    TRUTH_ESTIMATOR : the name of the one that estimates a gradient with no exact form; None where
        there always is one
    forward, pullback : θ to distribution parameters, and its transpose, of a problem without a link
    """

    DISCRETE: bool
    NOISE: Noise
    DRAWN: DrawSource | None
    DRAWN_FASTEST: DrawSource | None
    PARAMETERS: Mapping[str, Callable[[np.ndarray], np.ndarray]]
    TRUTH_SOURCE: str
    TRUTH_ESTIMATOR: str | None
    forward: Callable[..., None]
    pullback: Callable[..., None]

    def parameter_shape(self, problem: Problem) -> tuple[int, int]:
        """Shape of the distribution parameters."""

    def check(self, problem: Problem, dist_params: np.ndarray) -> None:
        """Refuse parameters that are no distribution; raises InputError."""

    def sample(self, bound: Any, random: np.ndarray) -> np.ndarray:
        """Samples (..., n) of noise (..., n)."""

    def value(self, bound: Any, samples: np.ndarray) -> np.ndarray:
        """f at samples: (n,)."""

    def score(self, bound: Any, samples: np.ndarray) -> np.ndarray:
        """∇ log p by the distribution parameters at samples: (*parameter_shape, n)."""

    def score_scale(self, bound: Any) -> np.ndarray:
        """How large that is: (*parameter_shape)."""

    def enumerable(self, problem: Problem) -> bool:
        """Whether all outcomes can be listed."""

    def exact_gradient(self, bound: Any) -> np.ndarray | None:
        """The exact gradient (parameters,), or None where there is no exact form."""

    def largest_value(self, bound: Any) -> float:
        """A bound of |f| over all draws; infinite where there is none."""

    def inside(self, bound: Any, random: np.ndarray) -> np.ndarray:
        """Points (variables, categories, n) at which f and ∂f/∂x are tried."""

    def draws(self, bound: Any, random: np.ndarray) -> np.ndarray | None:
        """Draws at which f may have a value of its own, or None."""

    def directions(self, bound: Any, x: np.ndarray, count: int) -> Iterator[tuple]:
        """Directions at x that stay in the domain: (component, direction, sides, note)."""

    def largest_step(self, bound: Any, x: np.ndarray) -> float:
        """How far a step from x stays in the domain."""


def names() -> list[str]:
    """Names of the distributions."""
    modules = (m.name for m in pkgutil.iter_modules(__path__))
    return sorted(n for n in modules if hasattr(family(n), "DISCRETE"))


def family(name: str) -> Any:
    """The module of a distribution, which is a Distribution."""
    return importlib.import_module(f"{__name__}.{name}")
