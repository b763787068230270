"""A user's estimator on a problem: what it says it costs, and that its rows are estimates."""

import inspect
from typing import Any

import numpy as np

from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.validate.source import check_source, reported
from gumbench.errors import InputError
from gumbench.types import Estimator, Problem, Sizes
from gumbench.user_code.old_names import ARGUMENTS

ESTIMATES = 64
KERNEL_ARGUMENTS = ("noise", "temperature", "prepared", "objective", "out", "theta_gradient")
# Estimates are made from these numbers on: again, and in the company of others.
STARTS = (0, 16, 32, 48)
RELATIVE = 1e-3
COUNTED_BLOCKS = 8
STANDARD_ERRORS = 5.0


def check_estimator(estimator: Estimator, problem: Problem, settings: Any = ()) -> None:
    """Refuse an estimator of a user's that does not run on a problem; raises InputError.

    settings : pairs; those left out have their defaults
    """
    if estimator.kernel:
        check_source(
            f"{estimator.name}: kernel",
            estimator.kernel,
            KERNEL_ARGUMENTS,
        )
        _check_arguments(estimator)
    name = f"{estimator.name} on {problem.name}"
    function: Any = estimator.compute or estimator.kernel
    inner = estimator.inner_samples.usual(problem) if estimator.inner_samples else None
    with reported(name, function):
        bound = BoundProblem(problem, "float32")
        bound_estimator = bind_estimator(bound, estimator, [0.5], inner, 0, settings=settings)
        counts = []
        for block in range(COUNTED_BLOCKS):
            calls, changed = bound_estimator.run_checked(block)
            counts.append((calls.values, calls.gradients))
            if changed:
                raise InputError(
                    f"{name}: the kernel changes {' and '.join(changed)}: it may only write out "
                    "and theta_gradient, for what it changes is used again"
                )
        estimates = bound_estimator.collect(0, 0, ESTIMATES)
        others = {first: bound_estimator.collect(0, first, ESTIMATES) for first in STARTS}
    if not np.isfinite(estimates).all():
        raise InputError(f"{name}: an estimate is not finite")
    _check_rows(name, estimates, others)
    if (
        estimator.deterministic
        and np.ptp(estimates, axis=0).max() > RELATIVE * np.abs(estimates).max()
    ):
        raise InputError(
            f"{name} is declared deterministic, and its estimates differ from each other: leave "
            "deterministic out"
        )
    if not estimator.deterministic:
        _check_calls(name, estimator, np.array(counts) / ESTIMATES, inner, problem.shape)


def _check_arguments(estimator: Estimator) -> None:
    """Refuse arguments as they were called in version 0.1."""
    kernel: Any = estimator.kernel
    for name in inspect.signature(kernel).parameters:
        if name in ARGUMENTS:
            raise InputError(
                f"{estimator.name}: kernel has the argument {name}: write {ARGUMENTS[name]}"
            )


def _check_rows(name: str, estimates: np.ndarray, others: dict[int, np.ndarray]) -> None:
    """An estimate is a function of its own noise. others: estimates from some number on, by it."""
    tolerance = RELATIVE * np.abs(estimates).max()
    for first, again in others.items():
        if np.abs(estimates[first:] - again[: len(again) - first]).max() <= tolerance:
            continue
        if first == 0:
            raise InputError(
                f"{name}: other estimates for the same noise: random numbers come from `noise`, "
                "and nothing is kept from call to call"
            )
        raise InputError(
            f"{name}: an estimate depends on the others of its batch, or on earlier calls (a mean "
            "over the batch? a counter?): each row is made of its own row of noise"
        )


def _check_calls(
    name: str, estimator: Estimator, counts: np.ndarray, inner: int | None, shape: tuple[int, int]
) -> None:
    """What is declared as cost against the calls made: counts (blocks, 2) an estimate."""
    cost = estimator.cost(Sizes(inner or 1, *shape))
    for count, said, words in (
        (counts[:, 0], cost.values, "values"),
        (counts[:, 1], cost.gradients, "gradients"),
    ):
        mean_calls = count.mean()
        error = count.std(ddof=1) / np.sqrt(COUNTED_BLOCKS)
        if mean_calls - STANDARD_ERRORS * error > said + 1e-9:
            raise InputError(
                f"{name} declares Cost({words}={said:g}) an estimate and makes {mean_calls:g}: "
                "declare them all"
            )
