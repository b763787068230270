"""Functions by strips against NumPy."""

import numpy as np
import pytest
from numba import njit

from gumbench.kernels.compiler import elementary, maxima
from gumbench.kernels.compiler.lowering import OPTIONS
from gumbench.kernels.compiler.strips import broadcast, by_strips, choose


@by_strips
def everything(s, number, x, y, index, out):
    total = broadcast(number, s)
    for c in range(x.shape[0]):
        total += number * x[c, s] - y[c, s]
        out[0, c, s] = maxima.larger(x[c, s], y[c, s]) / total
        out[1, c, s] = choose(x[c, s] > y[c, s], total, number)
        out[2, c, s] = choose(index[s] == c, elementary.exp(x[c, s]), x.dtype.type(0.0))
        out[2, c, s] *= y[c, s]


@njit(**OPTIONS)
def run(number, x, y, index, out):
    everything(number, x, y, index, out)


def case(size, dtype):
    generator = np.random.default_rng(size)
    x, y = generator.uniform(1, 2, (2, 3, size)).astype(dtype)
    index = generator.integers(0, 3, size).astype(np.int32)
    return x, y, index, np.full((3, 3, size), np.nan, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [64, 192, 1024])
def test_arithmetic_of_strips(size, dtype):
    x, y, index, out = case(size, dtype)
    number = dtype(1.5)
    run(number, x, y, index, out)
    total = number + np.cumsum(number * x.astype(float) - y, axis=0)
    one_hot = np.arange(3)[:, None] == index
    expected = [
        np.maximum(x, y) / total,
        np.where(x > y, total, number),
        one_hot * np.exp(x) * y,
    ]
    np.testing.assert_allclose(out, expected, rtol=1e-5 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_do_not_depend_on_the_place_in_a_strip(dtype):
    x, y, index, whole = case(192, dtype)
    run(dtype(0.7), x, y, index, whole)
    for first in (1, 17, 100):
        place, out = slice(first, first + 64), np.empty((3, 3, 64), dtype)
        parts = (np.ascontiguousarray(a[..., place]) for a in (x, y, index))
        run(dtype(0.7), *parts, out)
        np.testing.assert_array_equal(out, whole[..., place])


@pytest.mark.parametrize("size", [1, 63, 65, 100])
def test_a_block_of_no_whole_strips_is_refused(size):
    with pytest.raises(ValueError, match="multiple of 64"):
        run(np.float32(1.0), *case(size, np.float32))


def test_items_that_are_not_neighbours_are_refused():
    x, y, index, out = case(64, np.float64)
    with pytest.raises(Exception, match="items next to each other"):
        run(1.5, np.repeat(x, 2, axis=1)[:, ::2], y, index, out)
