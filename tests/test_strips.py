"""Functions by strips against NumPy, for blocks of whole strips and with estimates left over."""

import numpy as np
import pytest
from numba import njit

from gumbench.kernels import elementary, maxima
from gumbench.kernels.jit import OPTIONS
from gumbench.kernels.strips import by_strips, choose, spread

SIZES = [1, 15, 16, 64, 65, 100, 192, 1000]


@by_strips
def everything(s, number, x, y, index, out):
    total = spread(number, s)
    for c in range(x.shape[0]):
        total += number * x[c, s] - y[c, s]
        out[0, c, s] = maxima.larger(x[c, s], y[c, s]) / total
        out[1, c, s] = choose(x[c, s] > y[c, s], total, number)
        out[2, c, s] = choose(index[s] == c, elementary.exp(x[c, s]), x.dtype.type(0.0))
        out[2, c, s] *= y[c, s]


@njit(**OPTIONS)
def run(number, x, y, index, out):
    everything(number, x, y, index, out)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
def test_arithmetic_of_strips(size, dtype):
    generator = np.random.default_rng(size)
    x, y = generator.uniform(1, 2, (2, 3, size)).astype(dtype)
    index = generator.integers(0, 3, size).astype(np.int32)
    number, out = dtype(1.5), np.full((3, 3, size), np.nan, dtype)
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
def test_estimates_have_the_same_bits_in_a_strip_and_left_over(dtype):
    x, y = np.random.default_rng(0).uniform(1, 2, (2, 3, 192)).astype(dtype)
    index = np.zeros(192, np.int32)
    whole, some = np.empty((3, 3, 192), dtype), np.empty((3, 3, 15), dtype)
    run(dtype(0.7), x, y, index, whole)
    for first in (0, 100, 177):
        place = slice(first, first + 15)
        parts = (np.ascontiguousarray(a[..., place]) for a in (x, y, index))
        run(dtype(0.7), *parts, some)
        np.testing.assert_array_equal(some, whole[..., place])


def test_items_that_are_not_neighbours_are_refused():
    out = np.empty((3, 3, 64))
    wide = np.ones((3, 100))
    with pytest.raises(Exception, match="items next to each other"):
        run(1.5, wide[:, :64], np.ones((3, 64)), np.zeros(64, np.int32), out)


def test_a_strip_past_the_block_would_be_seen():
    room = np.zeros(100 + 64)
    out = room[:100].reshape(1, 1, 100)

    @by_strips
    def ones(s, number, out):
        out[0, 0, s] = spread(number, s)

    @njit(**OPTIONS)
    def fill(number, out):
        ones(number, out)

    fill(1.0, out)
    assert room[:100].all()
    assert not room[100:].any()
