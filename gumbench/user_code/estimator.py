"""A user's own estimator in plain Python."""

import dataclasses
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gumbench import distributions
from gumbench.distributions.needs import NEEDS
from gumbench.errors import InputError, unknown
from gumbench.settings import declared
from gumbench.types import Cost, Estimator, InnerSamples, Sizes
from gumbench.user_code.old_names import NAMES


def estimator(
    family: str,
    *,
    unbiased: bool,
    cost: Cost | Callable[[Sizes], Cost] | None = None,
    takes_temperature: bool = False,
    inner_samples: tuple[int, int] | None = None,
    **facts: Any,
) -> Callable[[Callable[..., Any]], Estimator]:
    """Decorator that makes an estimator of a function in plain Python.

    The function is compute(problem, noise, temperature, inner_samples, *, ...). Its keyword-only
    arguments are settings, each with a default, which `--set` and a grid's settings change. It
    returns one estimate in the distribution's own parameters for each of noise.count rows, (n,
    variables, categories) or for a Gaussian (n, 2, variables), and where the problem has ∂f/∂θ
    that term (n, parameters) with it in a tuple. `problem` and `noise` are described in
    gumbench.engine.python.

    Parameters
    ----------
    family
        "categorical" or "gaussian"
    unbiased
        whether the mean of its estimates is the gradient
    cost
        gumbench.Cost(values=..., gradients=...), evaluations of f and ∂f/∂x that one estimate
        makes, or a function of gumbench.Sizes that returns it
    takes_temperature
        whether there is one cell for every temperature
    inner_samples
        (least, default) or None
    facts
        others of gumbench.types.Estimator, such as aliases, formula, papers, needs

    Returns
    -------
    Callable
        Makes an Estimator of a function.

    Raises
    ------
    InputError
        For facts that do not exist.
    """
    if "settings" in facts:
        raise InputError("estimator(..., settings=...): settings are keyword-only arguments")
    for name in facts.keys() & NAMES.keys():
        raise InputError(f"estimator(..., {name}=...): write {NAMES[name]}")
    if not (isinstance(cost, Cost) or callable(cost)):
        raise InputError(f"estimator(..., cost={cost!r}): give gumbench.Cost(values=1)")
    if family not in distributions.names():
        known = " or ".join(map(repr, distributions.names()))
        raise InputError(f"estimator({family!r}): give {known}")
    if not isinstance(unbiased, bool):
        raise InputError(f"estimator(..., unbiased={unbiased!r}): give True or False")
    _check_inner_samples(inner_samples)
    for need in facts.get("needs", ()):
        if need not in NEEDS:
            raise unknown("need", str(need), list(NEEDS))
    fields = Estimator.__dataclass_fields__
    for name in facts:
        if name not in fields:
            raise InputError(f"estimator(..., {name}=...): known are {', '.join(sorted(fields))}")

    def decorate(function: Callable[..., Any]) -> UserEstimator:
        return UserEstimator(
            family=family,
            compute=function,
            settings=declared(function),
            unbiased=unbiased,
            cost=ConstantCost(cost) if isinstance(cost, Cost) else cost,
            takes_temperature=takes_temperature,
            inner_samples=inner_samples and InnerSamples(*inner_samples),
            summary=inspect.getdoc(function) or "",
            **facts,
        )

    return decorate


def _check_inner_samples(given: Any) -> None:
    if given is None:
        return
    pair = isinstance(given, tuple | list) and len(given) == 2
    if not pair or not all(isinstance(n, int) for n in given) or not 1 <= given[0] <= given[1]:
        raise InputError(
            f"estimator(..., inner_samples={given!r}): give (least, default), whole numbers from 1"
        )


class UserEstimator(Estimator):
    """An Estimator that takes the place of its function in the module, and is pickled as that."""

    def __reduce__(self) -> Any:
        function: Any = self.compute
        return _of_module, (function.__module__, function.__qualname__, self.name)


def _of_module(module: str, qualname: str, name: str) -> Estimator:
    member: Any = importlib.import_module(module)
    for part in qualname.split("."):
        member = getattr(member, part)
    return dataclasses.replace(member, name=name)


@dataclass(frozen=True)
class ConstantCost:
    """A Cost that depends on no size."""

    cost: Cost

    def __call__(self, sizes: Sizes) -> Cost:
        """The Cost."""
        return self.cost
