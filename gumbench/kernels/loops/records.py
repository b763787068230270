"""Inputs and outputs of the compiled loops: named tuples, each beside its Numba type."""

from typing import Any, NamedTuple

import numpy as np
from numba.core import types

from gumbench.kernels.compiler import arrays
from gumbench.kernels.compiler.roles import REALS, array, function_type
from gumbench.kernels.loops.moments import PARTIAL
from gumbench.kernels.random import noise


class Functions(NamedTuple):
    """What a pass calls: `noise.fill_array`, what draws, an estimator's kernel, and a problem's."""

    fill: Any
    draw: Any
    kernel: Any
    value: Any
    value_at: Any
    gradient: Any
    direct: Any
    pullback: Any


def function_types(dtype):
    """The Numba types of Functions, in order."""
    fill = types.FunctionType(noise.fill_signature(dtype))
    return [fill, *(function_type(role, dtype) for role in Functions._fields[1:])]


class Inputs(NamedTuple):
    """What a pass reads, as compiled code sees it; arrays of floats are of the pass's type.

    key : (2,) uint32
    dist_params : (rows, columns); theta : (parameters,)
    data, link_data : constants of f, and of the link
    has_value_at : the problem has a `value_at`
    has_link : it has a link
    direct : ∂f/∂θ is to be added
    reward_noise : standard deviation of the noise on each of `evaluations` values of f at a draw;
        no evaluations where there is no noise
    requests : (n, 4) int64: kind, draw, purpose and purpose of the low bits of an array of noise
    variable_requests : the same of arrays with one number a variable
    declared : (2,) int64, how many arrays of the two an estimator sees; after them are those that
        draws are made of
    draws : how many draws an estimate has; draw_table : (n,) what they are drawn by
    temperatures : (t,)
    prepared : (t, n) what the estimator's `prepare` made for each temperature
    """

    key: Any
    variables: int
    categories: int
    dist_params: Any
    theta: Any
    data: Any
    link_data: Any
    has_value_at: bool
    has_link: bool
    direct: bool
    reward_noise: float
    evaluations: int
    requests: Any
    variable_requests: Any
    declared: Any
    draws: int
    draw_table: Any
    temperatures: Any
    prepared: Any


def inputs_type(dtype):
    """The Numba type of Inputs."""
    real = REALS[dtype]
    vector, matrix = array(real, 1), array(real, 2)
    flag, size = types.boolean, types.intp
    return types.NamedTuple(
        [
            array(types.uint32, 1),
            size,
            size,
            matrix,
            vector,
            vector,
            vector,
            flag,
            flag,
            flag,
            real,
            size,
            array(types.int64, 2),
            array(types.int64, 2),
            array(types.int64, 1),
            size,
            vector,
            vector,
            matrix,
        ],
        Inputs,
    )


class Grouping(NamedTuple):
    """How components are summed for the bias test.

    sign, signed_shift : (parameters,) float64, a component's sign in its group, by which it enters
        all sums, and what is then subtracted
    member, first_member : row r sums the components member[first_member[r]:first_member[r+1]], or
    children : (rows,) as many rows, the last ones not yet summed; 0 where it sums components
    roots : the last row of each part
    depth : how many rows wait to be summed, at most
    """

    sign: Any
    signed_shift: Any
    member: Any
    first_member: Any
    children: Any
    roots: Any
    depth: int


def grouping_type():
    """The Numba type of a Grouping."""
    numbers, indices = array(types.float64, 1), array(types.int64, 1)
    fields = [numbers, numbers, *[indices] * 4, types.intp]
    return types.NamedTuple(fields, Grouping)


class Sums(NamedTuple):
    """Running sums of some batches.

    components : (batches, temperatures, parameters, 2 PARTIAL) PARTIAL parts of Σ, signed and
        around the shift, then as many of Σ²
    rows : (batches, temperatures, rows, 2 PARTIAL) the same of the groups' sums
    not_finite : (batches, temperatures) int64, number of the first estimate that is not finite,
        or -1
    """

    components: Any
    rows: Any
    not_finite: Any


def sums_type():
    """The Numba type of Sums."""
    numbers = array(types.float64, 4)
    return types.NamedTuple([numbers, numbers, array(types.int64, 2)], Sums)


def no_sums(batches, temperatures, parameters, rows):
    """Sums of no estimates yet."""
    shape = batches, temperatures
    return Sums(
        arrays.zeros((*shape, parameters, 2 * PARTIAL)),
        arrays.zeros((*shape, rows, 2 * PARTIAL)),
        np.full(shape, -1, np.int64),
    )


def totals(sums):
    """Σ and Σ² (..., 2) of sums in parts."""
    parts = sums.reshape(*sums.shape[:-1], 2, PARTIAL)
    while parts.shape[-1] > 1:
        parts = parts[..., ::2] + parts[..., 1::2]
    return parts[..., 0]
