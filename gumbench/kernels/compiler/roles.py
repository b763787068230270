"""Numba signatures by role: the functions that problems and estimators supply, with their types.

A *role* is such a place: an objective's `value`, an estimator's `kernel`, ... Everything that is
known of the functions of a problem by role stands in ROLES and nowhere else.
"""

import functools
from typing import Any, NamedTuple

from numba.core import types

from gumbench.errors import unknown

REALS = {"float32": types.float32, "float64": types.float64}


class Role(NamedTuple):
    """A function of a problem: it is called with one array, θ, data and `out`, to be overwritten.

    given : name of that array; empty where θ is all that is given
    given_axes, out_axes : sizes of the two by name
    evaluates : "values" or "gradients", what a call counts as; empty for neither
    """

    given: str
    given_axes: tuple[str, ...]
    out_axes: tuple[str, ...]
    evaluates: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of all arguments in order."""
        return (*filter(None, [self.given]), "theta", "data", "out")


_X = ("variables", "categories", "block")
ROLES = {
    "value": Role("x", _X, ("block",), "values"),
    "value_at": Role("category", ("variables", "block"), ("block",), "values"),
    "gradient": Role("x", _X, _X, "gradients"),
    "direct": Role("x", _X, ("parameters", "block")),
    "forward": Role("", (), ("rows", "columns")),
    "pullback": Role("g", ("rows", "columns", "block"), ("parameters", "block")),
}
# The two functions of a link; the others are those of f.
LINK = ("forward", "pullback")
OBJECTIVE = tuple(role for role in ROLES if role not in LINK)


class NoiseBlock(NamedTuple):
    """What an estimator's kernel sees of the noise it declared, in the order declared.

    by_category : (n, variables, categories, block)
    by_variable : (n, variables, block)
    draws : (n, variables, block) int32 categories
    """

    by_category: Any
    by_variable: Any
    draws: Any


class Objective(NamedTuple):
    """What an estimator's kernel sees of a problem.

    dist_params : (rows, columns) the distribution's own parameters: the logits (variables,
        categories) or a Gaussian's mean and scale (2, dimension)
    theta : (parameters,); data : constants of f
    reward_noise : (evaluations, block) noise on the values of f at draws; no rows, no noise
    has_value_at : whether `value_at` is the problem's own
    value, value_at, gradient, direct : as in `gumbench.types.Problem`
    """

    dist_params: Any
    theta: Any
    data: Any
    reward_noise: Any
    has_value_at: bool
    value: Any
    value_at: Any
    gradient: Any
    direct: Any


def array(kind, axes):
    """The Numba type of a contiguous array."""
    return types.Array(kind, axes, "C")


@functools.cache
def _signatures(real):
    vector, matrix, cube = (array(real, n) for n in (1, 2, 3))
    noise = types.NamedTuple([array(real, 4), cube, array(types.int32, 3)], NoiseBlock)
    table, key = array(types.float64, 1), array(types.uint32, 1)
    signatures = {}
    for role, (given, given_axes, out_axes, _) in ROLES.items():
        kind = types.int32 if given == "category" else real
        first = [array(kind, len(given_axes))] if given else []
        signatures[role] = types.void(*first, vector, vector, array(real, len(out_axes)))
    functions = (types.FunctionType(signatures[role]) for role in OBJECTIVE)
    objective = types.NamedTuple(
        [matrix, vector, vector, matrix, types.boolean, *functions], Objective
    )
    signatures["draw"] = types.void(matrix, vector, noise)
    signatures["kernel"] = types.void(noise, real, vector, objective, cube, matrix)
    signatures["sampler_prepare"] = types.void(vector, real, table, table)
    signatures["sampler_kernel"] = types.void(
        matrix, vector, array(types.float64, 3), key, types.int64, array(types.int64, 3)
    )
    return signatures


def signature(role: str, dtype: str) -> Any:
    """The Numba signature of a role for "float32" or "float64". Raises InputError for no role."""
    known = _signatures(REALS[dtype])
    if role not in known:
        raise unknown("role", role, list(known))
    return known[role]


def function_type(role: str, dtype: str) -> Any:
    """The first-class function type of a role."""
    return types.FunctionType(signature(role, dtype))
