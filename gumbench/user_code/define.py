"""What a user's own file is written with: problems of any logits or Gaussian, and estimators.

Functions of a problem are plain Python. By default Numba compiles them for float32 and float64, on
arrays with the estimates on the last axis, `out` to be overwritten:

    value(x, theta, data, out)         x (variables, categories, block), out (block,): f, and on the
                                       simplex its continuous extension
    value_at(category, theta, data, out)  category (variables, block) int32: f at a draw, optional
    gradient(x, theta, data, out)      out like x: ∂f/∂x
    direct(x, theta, data, out)        out (parameters, block): ∂f/∂θ at fixed x
    link = (forward(theta, data, out), pullback(g, theta, data, out))
                                       θ to logits (variables, categories) or to mean and scale (2,
                                       variables), and its transpose: g with a block axis, out
                                       (parameters, block)

With compiled=False they are any Python (NumPy, torch, jax), estimates first, and return a result:

    value(x, theta)                    x (n, variables, categories) to (n,)
    value_at(category, theta)             category (n, variables) to (n,)
    gradient(x, theta)                 to an array like x
    direct(x, theta)                   to (n, parameters)
    link = (forward(theta), pullback(g, theta))
                                       g (n, variables, categories) or (n, 2, variables)

`theta` may be left out of any of these but `forward`. A Gaussian has one category.
"""

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gumbench.errors import InputError, unknown
from gumbench.kernels.blocks import tied
from gumbench.types import NEEDS, Cost, Estimator, Problem, Sizes, declared_settings

# What files of version 0.1 may still say.
RENAMED = {
    "evaluations": "cost=gumbench.Cost(values=...)",
    "gradient_evaluations": "cost=gumbench.Cost(gradients=...)",
    "draw_evaluations": "cost=gumbench.Cost(values=..., at_draws=True)",
    "gumbench.families": "gumbench.blocks",
    "gumbench.kernels": "gumbench.blocks",
}


def CategoricalProblem(  # noqa: N802
    logits,
    value,
    *,
    value_at=None,
    gradient=None,
    direct=None,
    direct_is_score=None,
    link=None,
    theta=None,
    tie=None,
    data=None,
    truth=None,
    compiled=True,
):
    """E f(D), D independent one-hot draws from softmax of the logits.

    logits : (categories,) or (variables, categories), finite or -inf
    value, value_at, gradient, direct, link : see gumbench.user_code.define
    direct_is_score : whether `direct` has mean zero, as that of log q in an ELBO has; None: it is
        found out, and said
    theta : (parameters,) what the gradient is taken in, with a link; `logits` is then what the
        link makes of it, and is held against it
    tie : (variables, categories) integers, the parameter that each logit is: those with equal
        numbers are one, -1 is a constant 0. The gradient is then taken in `theta`, the parameters
    data : constants of f, any floats; a 1-D array in the functions
    truth : (parameters,) the exact gradient, or truth(theta, data) that returns it
    compiled : whether Numba compiles the functions

    Returns a Problem. Raises InputError for shapes, types and numbers that are no problem.
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
        table, theta = _tied(tie, logits)
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


def _tied(tie, logits):
    """The table (variables, categories) of a tie and its parameters, checked against the logits."""
    try:
        table = np.array(as_numpy(tie)).reshape(logits.shape)
        whole = table.astype(np.int64)
    except (TypeError, ValueError):
        raise InputError(f"tie has another shape than the logits; give {logits.shape}") from None
    used = np.unique(whole[whole >= 0])
    if (whole != table).any() or not used.size or not np.array_equal(used, np.arange(used.size)):
        raise InputError("tie: give the numbers of parameters, 0, 1, ... without a gap, or -1")
    if whole.min() < -1 or used.size > tied.LARGEST:
        raise InputError(f"tie has {whole.min()} and {whole.max()}; give -1 to {tied.LARGEST}")
    theta = np.array([logits[whole == i][0] for i in used])
    wanted = np.where(whole >= 0, theta[np.maximum(whole, 0)], 0.0)
    for v, c in np.argwhere(logits != wanted)[:1]:
        raise InputError(
            f"tie: the logit [{v}, {c}] is {logits[v, c]}, but tied to number {whole[v, c]}, which "
            f"is {wanted[v, c]}"
        )
    return whole, theta


@dataclass(frozen=True)
class TiedLogits:
    """Parameters to logits (variables, categories) in plain Python, by a table of numbers."""

    table: np.ndarray

    def __call__(self, theta):
        """Raises nothing: the table was checked."""
        return np.append(theta, 0.0)[self.table]


@dataclass(frozen=True)
class TiedGradient:
    """A gradient (n, variables, categories) in the logits to one in the parameters."""

    table: np.ndarray

    def __call__(self, g):
        """Sums over the logits that are one parameter."""
        out = np.zeros((len(g), self.table.max() + 1))
        for v, c in np.argwhere(self.table >= 0):
            out[:, self.table[v, c]] += g[:, v, c]
        return out


def GaussianProblem(  # noqa: N802
    mean,
    scale,
    value,
    *,
    gradient=None,
    direct=None,
    direct_is_score=None,
    link=None,
    theta=None,
    data=None,
    truth=None,
    compiled=True,
):
    """E f(z), z independent normals with a mean and a scale each.

    mean, scale : (variables,) or one number; the scale is the standard deviation, above 0
    value, gradient, direct, link : see gumbench.user_code.define; x has one category
    direct_is_score, theta, data, truth, compiled : as in CategoricalProblem

    Returns a Problem; without a link θ is the means, then the scales. Raises InputError.
    """
    mean, scale = _floats("mean", mean), _floats("scale", scale)
    try:
        natural = np.stack(np.broadcast_arrays(np.atleast_1d(mean), scale))
    except ValueError:
        raise InputError(
            f"mean has shape {mean.shape}, scale {scale.shape}; give one length"
        ) from None
    if natural.ndim != 2 or not natural.size:
        raise InputError(f"mean has shape {mean.shape}, scale {scale.shape}; give (variables,)")
    if not np.isfinite(natural).all() or natural[1].min() <= 0:
        raise InputError("mean and scale: give finite numbers, and scales above 0")
    variables = natural.shape[1]
    return _problem(
        "gaussian",
        natural,
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
    family,
    natural,
    parts,
    shape,
    dimension,
    functions,
    direct_is_score,
    link,
    theta,
    data,
    truth,
    compiled,
    link_data=None,
):
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
        theta = natural.ravel()
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
        natural=None if link is None else natural,
        dimension=dimension,
    )


def _function(role, function, compiled):
    """The plain function of a role; one that is compiled already gives its source."""
    function = getattr(function, "py_func", function)
    if function is None:
        return None
    if not (inspect.isfunction(function) if compiled else callable(function)):
        kind = "a plain function" if compiled else "a function"
        raise InputError(f"{role} is {function!r:.60}; give {kind}")
    return function


def as_numpy(numbers):
    """Numbers as NumPy takes them: a torch tensor leaves its graph and its device."""
    return numbers.detach().cpu().numpy() if hasattr(numbers, "detach") else numbers


def _floats(name, numbers):
    try:
        return np.array(as_numpy(numbers), np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name}: give numbers, not {numbers!r:.60}") from None


def _truth(truth, parameters):
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

    def __call__(self, theta, data):
        """The array."""
        return self.gradient


def estimator(
    family: str,
    *,
    unbiased: bool,
    cost: Cost | Callable[[Sizes], Cost] | None = None,
    takes_temperature: bool = False,
    inner_samples: tuple[int, int] | None = None,
    **facts: Any,
):
    """Decorator that makes an estimator of a function in plain Python.

    The function is compute(problem, noise, temperature, inner_samples, *, ...). Its keyword-only
    arguments are settings, each with a default, which `--set` and a grid's settings change. It
    returns one estimate in the distribution's own parameters for each of noise.count rows, (n,
    variables, categories) or for a Gaussian (n, 2, variables), and where the problem has ∂f/∂θ
    that term (n, parameters) with it in a tuple. `problem` and `noise` are described in
    gumbench.engine.python.

    family : "categorical" or "gaussian"
    cost : gumbench.Cost(values=..., gradients=...), evaluations of f and ∂f/∂x that one estimate
        makes, or a function of gumbench.Sizes that returns it
    inner_samples : (least, default) or None
    facts : others of gumbench.types.Estimator, such as aliases, formula, paper, needs

    Raises InputError for facts that do not exist.
    """
    if "settings" in facts:
        raise InputError("estimator(..., settings=...): settings are keyword-only arguments")
    for name in facts.keys() & RENAMED.keys():
        raise InputError(f"estimator(..., {name}=...): write {RENAMED[name]}")
    if not (isinstance(cost, Cost) or callable(cost)):
        raise InputError(f"estimator(..., cost={cost!r}): give gumbench.Cost(values=1)")
    if family not in ("categorical", "gaussian"):
        raise InputError(f"estimator({family!r}): give 'categorical' or 'gaussian'")
    if not isinstance(unbiased, bool):
        raise InputError(f"estimator(..., unbiased={unbiased!r}): give True or False")
    _check_inner_samples(inner_samples)
    for need in facts.get("needs", ()):
        if need not in NEEDS:
            raise unknown("need", str(need), NEEDS)
    known = Estimator.__dataclass_fields__
    for name in facts:
        if name not in known:
            raise InputError(f"estimator(..., {name}=...): known are {', '.join(sorted(known))}")

    def decorate(function):
        settings = declared_settings(function)
        for name, default in settings.items():
            if default is inspect.Parameter.empty:
                raise InputError(f"the setting {name} has no default; give it one")
        return OwnEstimator(
            family=family,
            compute=function,
            settings=settings,
            unbiased=unbiased,
            cost=ConstantCost(cost) if isinstance(cost, Cost) else cost,
            takes_temperature=takes_temperature,
            inner_samples=inner_samples,
            summary=inspect.getdoc(function) or "",
            **facts,
        )

    return decorate


def _check_inner_samples(given):
    if given is None:
        return
    pair = isinstance(given, tuple | list) and len(given) == 2
    if not pair or not all(isinstance(n, int) for n in given) or not 1 <= given[0] <= given[1]:
        raise InputError(
            f"estimator(..., inner_samples={given!r}): give (least, default), whole numbers from 1"
        )


class OwnEstimator(Estimator):
    """An Estimator that takes the place of its function in the module, and is pickled as that."""

    def __reduce__(self):
        function: Any = self.compute
        return _of_module, (function.__module__, function.__qualname__, self.name)


def _of_module(module, qualname, name):
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return dataclasses.replace(found, name=name)


@dataclass(frozen=True)
class ConstantCost:
    """A Cost that depends on no size."""

    cost: Cost

    def __call__(self, sizes):
        """The Cost."""
        return self.cost


def one_hot(category, categories):
    """One-hot vectors (..., categories) float32 of category numbers (...)."""
    return np.eye(categories, dtype=np.float32)[np.asarray(category)]
