"""The compiled loops over batches and blocks that run any estimator on any problem."""

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import prange
from numba.core import types

from gumbench.kernels.compiler import jit
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.jit import inlined
from gumbench.kernels.compiler.lowering import OPTIONS
from gumbench.kernels.compiler.roles import REALS, NoiseBlock, Objective, array
from gumbench.kernels.loops.moments import CHUNK, add_estimates, first_not_finite
from gumbench.kernels.loops.records import (
    Functions,
    function_types,
    grouping_type,
    inputs_type,
    sums_type,
)
from gumbench.kernels.random import noise, philox

REWARD_NOISE = (noise.NORMAL, 0, philox.DATA, philox.low_bits(philox.DATA))
MOST_BLOCK = 4096
# An array of a block; the loops over it want several to lie in the L1 cache.
BLOCK_BYTES = 1 << 15


def block_size(elements):
    """Estimates worked on at once: as many as stay cached, and no less than a chunk."""
    fitting = max(CHUNK, BLOCK_BYTES // (4 * elements))
    return min(MOST_BLOCK, 1 << (fitting.bit_length() - 1))


def block_for(block, count):
    """The smallest block by which `count` estimates take as many blocks as by a given one."""
    blocks = -(-count // block)
    return -(-count // (blocks * CHUNK)) * CHUNK


class Work(NamedTuple):
    """What one thread works in, a block at a time; arrays share memory where a line names two.

    objective : with its reward noise
    elements, noise : (requests, elements, block), and the NoiseBlock
    estimates, gradient : (parameters, block) in θ, and (rows, columns, block) in the distribution
        parameters, the same where there is no link
    theta_gradient : (parameters, block) ∂f/∂θ at fixed x, no rows where there is none
    """

    objective: Any
    elements: Any
    noise: NoiseBlock
    estimates: Any
    gradient: Any
    theta_gradient: Any


@inlined
def _workspace(functions, inputs, block):
    real, requests = inputs.theta.dtype, inputs.requests.shape[0]
    elements = empty((requests, inputs.variables * inputs.categories, block), real)
    estimates = empty((inputs.theta.size, block), real)
    shape = (
        inputs.dist_params.shape[0],
        inputs.dist_params.shape[1],
        block,
    )
    return Work(
        Objective(
            inputs.dist_params,
            inputs.theta,
            inputs.data,
            empty((inputs.evaluations, block), real),
            inputs.has_value_at,
            functions.value,
            functions.value_at,
            functions.gradient,
            functions.direct,
        ),
        elements,
        NoiseBlock(
            elements.reshape((requests, inputs.variables, inputs.categories, block)),
            empty((inputs.variable_requests.shape[0], inputs.variables, block), real),
            empty((inputs.draws, inputs.variables, block), np.int32),
        ),
        estimates,
        empty(shape, real) if inputs.has_link else estimates.reshape(shape),
        empty((inputs.theta.size if inputs.direct else 0, block), real),
    )


@inlined
def declared_noise(declared, noise):
    """The NoiseBlock without the arrays that draws are made of."""
    return NoiseBlock(
        noise.by_category[: declared[0]], noise.by_variable[: declared[1]], noise.draws
    )


@inlined
def _fill_noise(functions, inputs, batch, estimate, work):
    for r in range(inputs.requests.shape[0]):
        functions.fill(inputs.requests[r], inputs.key, estimate, batch, work.elements[r])
    _fill_rest(functions, inputs, batch, estimate, work)


@inlined
def _fill_rest(functions, inputs, batch, estimate, work):
    """All but the noise by category, which draws may be made of."""
    for r in range(inputs.variable_requests.shape[0]):
        request, row = inputs.variable_requests[r], work.noise.by_variable[r]
        functions.fill(request, inputs.key, estimate, batch, row)
    functions.draw(inputs.dist_params, inputs.draw_table, work.noise)
    _fill_reward_noise(functions.fill, inputs, batch, estimate, work)


@inlined
def _fill_reward_noise(fill, inputs, batch, estimate, work):
    reward_noise = work.objective.reward_noise
    if reward_noise.shape[0]:
        fill(np.array(REWARD_NOISE), inputs.key, estimate, batch, reward_noise)
        for k in range(reward_noise.shape[0]):
            for b in range(reward_noise.shape[1]):
                reward_noise[k, b] *= inputs.reward_noise


@inlined
def _estimate(functions, inputs, t, work):
    """One block of estimates at temperature number t."""
    theta_gradient, estimates = work.theta_gradient, work.estimates
    for p in range(theta_gradient.shape[0]):
        theta_gradient[p] = 0.0
    temperature, prepared = inputs.temperatures[t], inputs.prepared[t]
    functions.kernel(
        declared_noise(inputs.declared, work.noise),
        temperature,
        prepared,
        work.objective,
        work.gradient,
        theta_gradient,
    )
    if inputs.has_link:
        functions.pullback(work.gradient, inputs.theta, inputs.link_data, estimates)
    for p in range(theta_gradient.shape[0]):
        for b in range(theta_gradient.shape[1]):
            estimates[p, b] += theta_gradient[p, b]


@inlined
def _add_block(estimates, count, first, grouping, stack, components, row_sums, not_finite):
    """Add the first `count` estimates of a block to the sums of one batch and temperature."""
    for p in range(estimates.shape[0]):
        for b in range(count, estimates.shape[1]):
            estimates[p, b] = grouping.sign[p] * grouping.signed_shift[p]
    for begin in range(0, count, CHUNK):
        add_estimates(estimates, begin, grouping, stack, components, row_sums)
        if not_finite[0] < 0:
            bad = first_not_finite(stack, row_sums, grouping.roots, count - begin)
            if bad >= 0:
                not_finite[0] = first + begin + bad


def _batch_signature(dtype):
    size, sums = types.intp, array(types.float64, 3)
    arguments = [inputs_type(dtype), grouping_type(), size, size, size, size]
    functions = types.NamedTuple(function_types(dtype), Functions)
    return types.void(functions, *arguments, sums, sums, array(types.int64, 1))


def _moments_signature(dtype):
    size, batch = types.intp, types.FunctionType(_batch_signature(dtype))
    arguments = [inputs_type(dtype), grouping_type(), size, size, size, size, sums_type()]
    return types.void(batch, *function_types(dtype), *arguments)


def _collect_signature(dtype):
    real = REALS[dtype]
    arguments = [inputs_type(dtype), types.intp, types.intp, array(real, 3), array(real, 2)]
    return types.void(*function_types(dtype), *arguments)


def _add_signature(dtype):
    size = types.intp
    arguments = [size, size, grouping_type(), size, size, sums_type()]
    return types.void(array(REALS[dtype], 2), *arguments)


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
    stack = empty((grouping.depth, CHUNK), np.float64)
    for estimate in range(start, start + count, block):
        _fill_noise(functions, inputs, batch, estimate, work)
        for t in range(inputs.temperatures.size):
            _estimate(functions, inputs, t, work)
            _add_block(
                work.estimates,
                min(block, start + count - estimate),
                estimate,
                grouping,
                stack,
                components[t],
                row_sums[t],
                not_finite[t : t + 1],
            )


@jit.driver(_moments_signature)
def moments(
    batch_moments,
    fill,
    draw,
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
    functions = Functions(fill, draw, kernel, value, value_at, gradient, direct, pullback)
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
def collect(
    fill,
    draw,
    kernel,
    value,
    value_at,
    gradient,
    direct,
    pullback,
    inputs,
    batch,
    start,
    given,
    out,
):
    """Keep estimates start, start + 1, ... of a batch: out (count, parameters).

    given : (requests, elements, chunks of estimates) their noise, or no estimates for their own
    """
    functions = Functions(fill, draw, kernel, value, value_at, gradient, direct, pullback)
    work = _workspace(functions, inputs, CHUNK)
    for first in range(0, out.shape[0], CHUNK):
        if given.shape[2]:
            for r in range(given.shape[0]):
                for e in range(given.shape[1]):
                    for b in range(CHUNK):
                        work.elements[r, e, b] = given[r, e, first + b]
            _fill_rest(functions, inputs, batch, start + first, work)
        else:
            _fill_noise(functions, inputs, batch, start + first, work)
        _estimate(functions, inputs, 0, work)
        for b in range(min(CHUNK, out.shape[0] - first)):
            for p in range(out.shape[1]):
                out[first + b, p] = work.estimates[p, b]


@jit.driver(_add_signature, parallel=False)
def add(estimates, count, first, grouping, b, t, sums):
    """Add the first `count` of a block of estimates (parameters, block) to sums.

    first : its number. b: place of the batch in the sums. t: number of the temperature.
    """
    stack = empty((grouping.depth, CHUNK), np.float64)
    _add_block(
        estimates,
        count,
        first,
        grouping,
        stack,
        sums.components[b, t],
        sums.rows[b, t],
        sums.not_finite[b, t : t + 1],
    )


def checked_kernel(kernel, functions):
    """A kernel with a check of every index, for one block, from Python: it raises IndexError.

    functions : those of the objective, compiled. Returns run(inputs, noise, reward_noise, out,
    theta_gradient), which is compiled anew every time.
    """
    checked = {**OPTIONS, "boundscheck": True}
    compiled = numba.njit(**checked)(kernel)
    value, value_at, gradient, direct = functions

    def run(inputs, noise, reward_noise, out, theta_gradient):
        given = declared_noise(inputs.declared, noise)
        objective = Objective(
            inputs.dist_params,
            inputs.theta,
            inputs.data,
            reward_noise,
            inputs.has_value_at,
            value,
            value_at,
            gradient,
            direct,
        )
        temperature, prepared = inputs.temperatures[0], inputs.prepared[0]
        compiled(given, temperature, prepared, objective, out, theta_gradient)

    return numba.njit(**checked)(run)
