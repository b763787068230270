"""A first, careful run of a user's code before any other: what is wrong with it is said here.

In a compiled parallel loop an exception is a SystemError and an index out of range a segmentation
fault; here functions run serially, with every index checked, on a few points in both types of
floats, and are held against each other.
"""

from gumbench.engine.python import takes_theta
from gumbench.engine.validate.estimator import check_estimator
from gumbench.engine.validate.problem import Trial, functions_of
from gumbench.engine.validate.source import check_source
from gumbench.errors import InputError
from gumbench.kernels.compiler.roles import ROLES
from gumbench.types import Problem

__all__ = ["check", "check_estimator"]


def check(problem: Problem) -> None:
    """Refuse a problem whose functions fail or contradict each other; raises InputError."""
    if problem.value is None:
        # Tables are checked where they are given.
        return
    functions = functions_of(problem)
    if problem.compiled:
        for role, function in functions.items():
            check_source(f"{problem.name}: {role}", function, ROLES[role].arguments)
    elif problem.direct is not None and not takes_theta(problem.value):
        raise InputError(
            f"{problem.name}: direct is ∂f/∂θ, but value takes no theta: write value(x, theta)"
        )
    for dtype in ("float32", "float64"):
        trial = Trial(problem, dtype)
        trial.run_functions()
    trial.check_same_again()
    trial.check_value_at()
    trial.check_gradient()
    trial.check_theta()
    trial.check_direct()
    trial.check_link()
    trial.check_truth()
