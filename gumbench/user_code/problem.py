"""A user's own problem: of any logits, or Gaussian.

Functions of a problem are plain Python. By default Numba compiles them for float32 and float64, on
arrays with the estimates on the last axis, `out` to be overwritten:

    value(x, theta, data, out)            x (variables, categories, block), out (block,): f, and on
                                          the simplex its continuous extension
    value_at(category, theta, data, out)  category (variables, block) int32: f at a draw, optional
    gradient(x, theta, data, out)         out like x: ∂f/∂x
    direct(x, theta, data, out)           out (parameters, block): ∂f/∂θ at fixed x
    link = (forward(theta, data, out), pullback(g, theta, data, out))
                                          θ to logits (variables, categories) or to mean and scale
                                          (2, variables), and its transpose: g with a block axis,
                                          out (parameters, block)

With compiled=False they are any Python (NumPy, torch, jax), estimates first, and return a result:

    value(x, theta)                    x (n, variables, categories) to (n,)
    value_at(category, theta)          category (n, variables) to (n,)
    gradient(x, theta)                 to an array like x
    direct(x, theta)                   to (n, parameters)
    link = (forward(theta), pullback(g, theta))
                                       g (n, variables, categories) or (n, 2, variables)

`theta` may be left out of any of these but `forward`. A Gaussian has one category.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench.errors import InputError
from gumbench.kernels.links import tied
from gumbench.limits import as_numpy
from gumbench.types import Problem
from gumbench.user_code.tie import TiedGradient, TiedLogits, table_of


def CategoricalProblem(  # noqa: N802
    logits: Any,
    value: Callable[..., Any],
    *,
    value_at: Callable[..., Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    direct: Callable[..., Any] | None = None,
    direct_is_score: bool | None = None,
    link: Any = None,
    theta: Any = None,
    tie: Any = None,
    data: Any = None,
    truth: Any = None,
    compiled: bool = True,
) -> Problem:
    """E f(D), D independent one-hot draws from softmax of the logits.

    Parameters
    ----------
    logits
        (categories,) or (variables, categories), finite or -inf
    value, value_at, gradient, direct, link
        see gumbench.user_code.problem
    direct_is_score
        whether `direct` has mean zero, as that of log q in an ELBO has; None: it is found out, and
        said
    theta
        (parameters,) what the gradient is taken in, with a link; `logits` is then what the link
        makes of it, and is compared with it
    tie
        (variables, categories) integers, the parameter that each logit is: those with equal
        numbers are one, -1 is a constant 0. The gradient is then taken in `theta`, the parameters
    data
        constants of f, any floats; a 1-D array in the functions
    truth
        (parameters,) the exact gradient, or truth(theta, data) that returns it
    compiled
        whether Numba compiles the functions

    Returns
    -------
    Problem

    Raises
    ------
    InputError
        For shapes, types and numbers that are no problem.
    """
    logits = np.atleast_2d(_floats("logits", logits))
    if logits.ndim != 2 or not logits.size:
        raise InputError(f"logits have shape {logits.shape}; give (variables, categories)")
    if np.isnan(logits).any() or np.isposinf(logits).any() or np.isneginf(logits).all(1).any():
        raise InputError(
            "logits hold NaN or +inf, or one variable's are all -inf; give finite numbers or -inf"
        )
    variables, categories = logits.shape
    functions = {"value": value, "value_at": value_at, "gradient": gradient, "direct": direct}
    table = None
    if tie is not None:
        if link is not None or theta is not None:
            raise InputError("tie makes the link and theta: leave them out")
        table, theta = table_of(tie, logits)
        link = tied.LINK if compiled else (TiedLogits(table), TiedGradient(table))
    return _problem(
        "categorical",
        logits,
        {"logits": logits.size},
        logits.shape,
        categories if variables == 1 else variables,
        functions,
        direct_is_score,
        link,
        theta,
        data,
        truth,
        compiled,
        table,
    )


def GaussianProblem(  # noqa: N802
    mean: Any,
    scale: Any,
    value: Callable[..., Any],
    *,
    gradient: Callable[..., Any] | None = None,
    direct: Callable[..., Any] | None = None,
    direct_is_score: bool | None = None,
    link: Any = None,
    theta: Any = None,
    data: Any = None,
    truth: Any = None,
    compiled: bool = True,
) -> Problem:
    """E f(z), z independent normals with a mean and a scale each.

    Parameters
    ----------
    mean, scale
        (variables,) or one number; the scale is the standard deviation, above 0
    value, gradient, direct, link
        see gumbench.user_code.problem; x has one category
    direct_is_score, theta, data, truth, compiled
        as in CategoricalProblem

    Returns
    -------
    Problem
        Without a link θ is the means, then the scales.

    Raises
    ------
    InputError
        For anything that is no problem.
    """
    mean, scale = _floats("mean", mean), _floats("scale", scale)
    try:
        dist_params = np.stack(np.broadcast_arrays(np.atleast_1d(mean), scale))
    except ValueError:
        raise InputError(
            f"mean has shape {mean.shape}, scale {scale.shape}; give one length"
        ) from None
    if dist_params.ndim != 2 or not dist_params.size:
        raise InputError(f"mean has shape {mean.shape}, scale {scale.shape}; give (variables,)")
    if not np.isfinite(dist_params).all() or dist_params[1].min() <= 0:
        raise InputError("mean and scale: give finite numbers, and scales above 0")
    variables = dist_params.shape[1]
    return _problem(
        "gaussian",
        dist_params,
        {"mean": variables, "scale": variables},
        (variables, 1),
        variables,
        {"value": value, "gradient": gradient, "direct": direct},
        direct_is_score,
        link,
        theta,
        data,
        truth,
        compiled,
    )


def _problem(
    family: Any,
    dist_params: np.ndarray,
    parts: dict[str, int],
    shape: tuple[int, int],
    dimension: int,
    functions: dict[str, Any],
    direct_is_score: bool | None,
    link: Any,
    theta: Any,
    data: Any,
    truth: Any,
    compiled: bool,
    link_data: np.ndarray | None = None,
) -> Problem:
    if functions["value"] is None:
        raise InputError("value is missing; give a function")
    if direct_is_score not in (None, True, False):
        raise InputError(f"direct_is_score is {direct_is_score!r}; give True, False or None")
    if direct_is_score is not None and functions["direct"] is None:
        raise InputError("direct_is_score says something of direct, which is missing")
    functions = {role: _function(role, f, compiled) for role, f in functions.items()}
    if (theta is None) != (link is None):
        raise InputError("give theta and link together: the link makes logits or mean of theta")
    if link is not None:
        if not isinstance(link, tuple | list) or len(link) != 2:
            raise InputError(f"link is {link!r}; give two functions (forward, pullback)")
        link = tuple(_function("link", f, compiled) for f in link)
    if theta is None:
        theta = dist_params.ravel()
    else:
        theta = np.atleast_1d(_floats("theta", theta))
        if theta.ndim != 1 or not theta.size or not np.isfinite(theta).all():
            raise InputError(f"theta has shape {theta.shape}; give finite numbers (parameters,)")
        parts = {"theta": theta.size}
    data = np.zeros(0) if data is None else _floats("data", data).ravel()
    return Problem(
        family=family,
        theta=theta,
        parts=parts,
        shape=shape,
        **functions,
        direct_is_score=direct_is_score,
        link=link,
        data=data,
        link_data=None if link_data is None else link_data.ravel().astype(np.float64),
        truth=_truth(truth, theta.size),
        compiled=compiled,
        dist_params=None if link is None else dist_params,
        dimension=dimension,
    )


def _function(role: str, function: Any, compiled: bool) -> Callable[..., Any] | None:
    """The plain function of a role; one that is compiled already gives its source."""
    function = getattr(function, "py_func", function)
    if function is None:
        return None
    if not (inspect.isfunction(function) if compiled else callable(function)):
        kind = "a plain function" if compiled else "a function"
        raise InputError(f"{role} is {function!r:.60}; give {kind}")
    return function


def _floats(name: str, numbers: Any) -> np.ndarray:
    try:
        return np.array(as_numpy(numbers), np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name}: give numbers, not {numbers!r:.60}") from None


def _truth(truth: Any, parameters: int) -> Any:
    if truth is None or callable(truth):
        return truth
    gradient = _floats("truth", truth).ravel()
    if gradient.size != parameters or not np.isfinite(gradient).all():
        raise InputError(
            f"truth has {gradient.size} numbers; give {parameters} finite ones, as θ has"
        )
    return ConstantTruth(gradient)


@dataclass(frozen=True)
class ConstantTruth:
    """A truth that is an array."""

    gradient: np.ndarray

    def __call__(self, theta: np.ndarray, data: np.ndarray) -> np.ndarray:
        """The array."""
        return self.gradient


def one_hot(category: Any, categories: int) -> np.ndarray:
    """One-hot vectors of categories.

    Parameters
    ----------
    category
        (...) whole numbers
    categories
        how many there are

    Returns
    -------
    numpy.ndarray
        (..., categories) float32.
    """
    return np.eye(categories, dtype=np.float32)[np.asarray(category)]
