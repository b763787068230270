"""The compiled loops over batches and blocks that run any estimator on any problem."""

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import prange
from numba.core import types

from gumbench.kernels import arrays, jit, noise, philox
from gumbench.kernels.arrays import empty
from gumbench.kernels.jit import Objective, helper
from gumbench.kernels.moments import (
    CHUNK,
    PARTIAL,
    WIDTH,
    add_estimates,
    first_not_finite,
)


class Functions(NamedTuple):
    """What a pass calls: `noise.fill_array`, an estimator's kernel, and a problem's roles."""

    fill: Any
    kernel: Any
    value: Any
    value_at: Any
    gradient: Any
    direct: Any
    pullback: Any


class Inputs(NamedTuple):
    """What a pass reads, as compiled code sees it; arrays of floats are of the pass's type.

    key : (2,) uint32
    natural : (rows, columns); theta : (parameters,); data : constants of f
    indexed : the problem has a `value_at`
    linked : it has a link
    direct : ∂f/∂θ is to be added
    feedback : standard deviation of the noise on each of `evaluations` values of f at a draw; no
        evaluations where there is no noise
    requests : (n, 4) int64: kind, draw, purpose and purpose of the low bits of an array of noise
    temperatures : (t,)
    prepared : (t, n) what the estimator's `prepare` made for each temperature
    """

    key: Any
    variables: int
    categories: int
    natural: Any
    theta: Any
    data: Any
    indexed: bool
    linked: bool
    direct: bool
    feedback: float
    evaluations: int
    requests: Any
    temperatures: Any
    prepared: Any


class Grouping(NamedTuple):
    """How components are summed for the bias test.

    shift, sign : (parameters,) float64, what is subtracted from a component, its sign in a group
    member, first_member : leaf row l sums the components member[first_member[l]:first_member[l+1]]
    first_child, last_child : row leaves + i sums rows first_child[i] to last_child[i]
    roots : the last row of each part
    """

    shift: Any
    sign: Any
    member: Any
    first_member: Any
    first_child: Any
    last_child: Any
    roots: Any


class Sums(NamedTuple):
    """Running sums of some batches.

    components : (batches, temperatures, parameters, 2 PARTIAL) PARTIAL parts of Σ around the shift,
        then as many of Σ²
    rows : (batches, temperatures, rows, 2 PARTIAL) the same of the groups' sums
    not_finite : (batches, temperatures) int64, number of the first estimate that is not finite,
        or -1
    """

    components: Any
    rows: Any
    not_finite: Any


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
    a, b, c, d = np.moveaxis(sums.reshape(*sums.shape[:-1], 2, PARTIAL), -1, 0)
    return (a + b) + (c + d)


FEEDBACK = (noise.NORMAL, 0, philox.DATA, philox.low_bits(philox.DATA))
COLLECTED = 16
MOST_BLOCK = 4096
# Below this, loops over a block are mostly their start; it is worth more memory than is cached.
SHORT_BLOCK = 64
CACHED_BYTES, MOST_BYTES = 1 << 18, 1 << 22


def block_size(elements):
    """Estimates worked on at once: as many as stay cached, if that is no short loop."""
    cached, most = (size // (4 * elements) for size in (CACHED_BYTES, MOST_BYTES))
    fitting = max(CHUNK, cached if cached >= SHORT_BLOCK else most)
    return min(MOST_BLOCK, 1 << (fitting.bit_length() - 1))


def block_for(block, count):
    """The smallest block by which `count` estimates take as many blocks as by a given one."""
    blocks = -(-count // block)
    return -(-count // (blocks * CHUNK)) * CHUNK


@helper
def _fill_noise(fill, inputs, objective, batch, index, out):
    for r in range(out.shape[0]):
        elements = out[r].reshape((inputs.variables * inputs.categories, out.shape[3]))
        fill(inputs.requests[r], inputs.key, index, batch, elements)
    feedback = objective.feedback
    if feedback.shape[0]:
        fill(np.array(FEEDBACK), inputs.key, index, batch, feedback)
        for k in range(feedback.shape[0]):
            for b in range(feedback.shape[1]):
                feedback[k, b] *= inputs.feedback


@helper
def _estimate(functions, objective, inputs, t, random, gradient, extra):
    """One block of estimates (parameters, block) at temperature number t."""
    for p in range(extra.shape[0]):
        extra[p] = 0.0
    temperature, prepared = inputs.temperatures[t], inputs.prepared[t]
    functions.kernel(random, temperature, prepared, objective, gradient, extra)
    shape = (inputs.theta.size, random.shape[3])
    if inputs.linked:
        out = empty(shape, inputs.theta.dtype)
        functions.pullback(gradient, inputs.theta, inputs.data, out)
    else:
        out = gradient.reshape(shape)
    for p in range(extra.shape[0]):
        for b in range(out.shape[1]):
            out[p, b] += extra[p, b]
    return out


@helper
def _workspace(functions, inputs, block):
    """Objective, noise, gradient in natural parameters, and direct term (empty where none)."""
    real = inputs.theta.dtype
    rows, columns = inputs.natural.shape
    parameters = inputs.theta.size
    objective = Objective(
        inputs.natural,
        inputs.theta,
        inputs.data,
        empty((inputs.evaluations, block), real),
        inputs.indexed,
        functions.value,
        functions.value_at,
        functions.gradient,
        functions.direct,
    )
    return (
        objective,
        empty((inputs.requests.shape[0], inputs.variables, inputs.categories, block), real),
        empty((rows, columns, block), real),
        empty((parameters if inputs.direct else 0, block), real),
    )


@helper
def _add_block(estimates, count, index, grouping, rows, components, row_sums, not_finite):
    """Add the first `count` estimates of a block to the sums of one batch and temperature."""
    for p in range(estimates.shape[0]):
        estimates[p, count:] = grouping.shift[p]
    for begin in range(0, count, rows.shape[1]):
        add_estimates(estimates, begin, grouping, rows, components, row_sums)
        if not_finite[0] < 0:
            bad = first_not_finite(rows, row_sums, grouping.roots, count - begin)
            if bad >= 0:
                not_finite[0] = index + begin + bad


def _array(kind, dimensions):
    return types.Array(kind, dimensions, "C")


def _inputs_type(dtype):
    real = jit.REALS[dtype]
    vector, matrix = _array(real, 1), _array(real, 2)
    flag, size = types.boolean, types.intp
    return types.NamedTuple(
        [
            _array(types.uint32, 1),
            size,
            size,
            matrix,
            vector,
            vector,
            flag,
            flag,
            flag,
            real,
            size,
            _array(types.int64, 2),
            vector,
            matrix,
        ],
        Inputs,
    )


def _grouping_type():
    numbers, indices = _array(types.float64, 1), _array(types.int64, 1)
    fields = [numbers, numbers, *[indices] * 5]
    return types.NamedTuple(fields, Grouping)


def _sums_type():
    numbers = _array(types.float64, 4)
    return types.NamedTuple([numbers, numbers, _array(types.int64, 2)], Sums)


def _function_types(dtype):
    fill = types.FunctionType(noise.fill_signature(dtype))
    return [fill, *(jit.function_type(role, dtype) for role in Functions._fields[1:])]


def _batch_signature(dtype):
    size, sums = types.intp, _array(types.float64, 3)
    arguments = [_inputs_type(dtype), _grouping_type(), size, size, size, size]
    functions = types.NamedTuple(_function_types(dtype), Functions)
    return types.void(functions, *arguments, sums, sums, _array(types.int64, 1))


def _moments_signature(dtype):
    size, batch = types.intp, types.FunctionType(_batch_signature(dtype))
    arguments = [_inputs_type(dtype), _grouping_type(), size, size, size, size, _sums_type()]
    return types.void(batch, *_function_types(dtype), *arguments)


def _collect_signature(dtype):
    arguments = [_inputs_type(dtype), types.intp, types.intp, _array(jit.REALS[dtype], 2)]
    return types.void(*_function_types(dtype), *arguments)


def _add_signature(dtype):
    size = types.intp
    arguments = [size, size, _grouping_type(), size, size, _sums_type()]
    return types.void(_array(jit.REALS[dtype], 2), *arguments)


@jit.driver(_batch_signature, parallel=False)
def batch_moments(
    functions,
    inputs,
    grouping,
    batch,
    start,
    count,
    block,
    components,
    row_sums,
    not_finite,
):
    """What `moments` does for one batch, compiled apart: parallel code takes long to compile."""
    work = _workspace(functions, inputs, block)
    objective, random, natural_gradient, extra = work
    rows = empty((row_sums.shape[1], min(block, WIDTH)), np.float64)
    for index in range(start, start + count, block):
        _fill_noise(functions.fill, inputs, objective, batch, index, random)
        for t in range(inputs.temperatures.size):
            estimates = _estimate(functions, objective, inputs, t, random, natural_gradient, extra)
            _add_block(
                estimates,
                min(block, start + count - index),
                index,
                grouping,
                rows,
                components[t],
                row_sums[t],
                not_finite[t : t + 1],
            )


@jit.driver(_moments_signature)
def moments(
    batch_moments,
    fill,
    kernel,
    value,
    value_at,
    gradient,
    direct,
    pullback,
    inputs,
    grouping,
    first_batch,
    start,
    count,
    block,
    sums,
):
    """Add estimates start to start + count of batches first_batch, first_batch + 1, ... to `sums`.

    Its functions, which Python cannot hand over as one tuple, are the driver `batch_moments` and
    those of Functions.
    """
    functions = Functions(fill, kernel, value, value_at, gradient, direct, pullback)
    for b in prange(sums.not_finite.shape[0]):
        batch_moments(
            functions,
            inputs,
            grouping,
            first_batch + b,
            start,
            count,
            block,
            sums.components[b],
            sums.rows[b],
            sums.not_finite[b],
        )


@jit.driver(_collect_signature, parallel=False)
def collect(fill, kernel, value, value_at, gradient, direct, pullback, inputs, batch, start, out):
    """Keep estimates start, start + 1, ... of a batch: out (count, parameters)."""
    functions = Functions(fill, kernel, value, value_at, gradient, direct, pullback)
    block = COLLECTED
    work = _workspace(functions, inputs, block)
    objective, random, natural_gradient, extra = work
    for first in range(0, out.shape[0], block):
        _fill_noise(functions.fill, inputs, objective, batch, start + first, random)
        estimates = _estimate(functions, objective, inputs, 0, random, natural_gradient, extra)
        for b in range(min(block, out.shape[0] - first)):
            for p in range(out.shape[1]):
                out[first + b, p] = estimates[p, b]


@jit.driver(_add_signature, parallel=False)
def add(estimates, count, index, grouping, b, t, sums):
    """Add the first `count` of a block of estimates (parameters, block) to sums.

    index: number of the first one. b: place of the batch in the sums. t: number of the temperature.
    """
    width = min(estimates.shape[1], WIDTH)
    rows = empty((sums.rows.shape[2], width), np.float64)
    _add_block(
        estimates,
        count,
        index,
        grouping,
        rows,
        sums.components[b, t],
        sums.rows[b, t],
        sums.not_finite[b, t : t + 1],
    )


def checked_kernel(kernel, functions):
    """A kernel with a check of every index, for one block, from Python: it raises IndexError.

    functions : those of the objective, compiled. Returns run(inputs, noise, feedback, out, extra),
    which is compiled anew every time.
    """
    checked = {**jit.OPTIONS, "boundscheck": True}
    compiled = numba.njit(**checked)(kernel)
    value, value_at, gradient, direct = functions

    def run(inputs, noise, feedback, out, extra):
        objective = Objective(
            inputs.natural,
            inputs.theta,
            inputs.data,
            feedback,
            inputs.indexed,
            value,
            value_at,
            gradient,
            direct,
        )
        temperature, prepared = inputs.temperatures[0], inputs.prepared[0]
        compiled(noise, temperature, prepared, objective, out, extra)

    return numba.njit(**checked)(run)
