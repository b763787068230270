import mpmath
import numpy as np
import pytest
from numba import njit

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.lowering import OPTIONS
from gumbench.kernels.random import noise, variates

LONG = np.longdouble
GENERATOR = np.random.default_rng(7)


@njit(**OPTIONS)
def logs(x, out):
    for i in range(x.size):
        out[i] = elementary.log(x[i])


@njit(**OPTIONS)
def exps(x, out):
    for i in range(x.size):
        out[i] = elementary.exp(x[i])


@njit(**OPTIONS)
def gumbels(words, out):
    for i in range(words.size):
        out[i] = variates.exponential(words[i])
    for i in range(words.size):
        out[i] = -elementary.log(out[i])


@njit(**OPTIONS)
def gumbels_in_step(words, out):
    noise._gumbels(words, out)


@njit(**OPTIONS)
def exps_in_step(x, out):
    elementary.exps((x,), (out,))


@njit(**OPTIONS)
def exps_of_nonpositive(x, out):
    for i in range(x.size):
        out[i] = elementary.exp_nonpositive(x[i])


@njit(**OPTIONS)
def bounds(words, out):
    for i in range(words.size):
        out[i] = variates.gumbel_bound(words[i])


@njit(**OPTIONS)
def normals(first, second, out):
    variates.normals((first, second), (out[0], out[1]))


def apply(function, x):
    out = np.empty_like(x)
    function(x, out)
    return out


def units(value, exact, dtype):
    """Largest error in units in the last place of the exact result."""
    spacing = np.spacing(np.abs(exact).astype(dtype)).astype(LONG)
    return float(np.max(np.abs(value.astype(LONG) - exact) / spacing))


def arguments(dtype):
    info = np.finfo(dtype)
    whole = np.exp(GENERATOR.uniform(np.log(info.tiny), np.log(info.max), 400_000))
    near_one = GENERATOR.uniform(0.5, 2.0, 400_000)
    return np.concatenate([whole, near_one, [info.tiny, info.max, 1.0]]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log(dtype):
    x = arguments(dtype)
    x = x[x != 1]
    assert units(apply(logs, x), np.log(x.astype(LONG)), dtype) < 1.2
    assert apply(logs, np.ones(1, dtype))[0] == 0


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [(np.float32, -87.3, 88), (np.float64, -708.3, 709)]
)
def test_exp(dtype, low, high):
    x = GENERATOR.uniform(low, high, 1_000_000).astype(dtype)
    small = GENERATOR.uniform(-1e-3, 1e-3, 100_000).astype(dtype)
    for points in (x, small):
        assert units(apply(exps, points), np.exp(points.astype(LONG)), dtype) < 1.2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_at_its_ends(dtype):
    x = np.array([-np.inf, -1e30, -1e4, -0.0, 0.0, 1e4, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(apply(exps, x), [0, 0, 0, 1, 1, np.inf, np.inf, np.nan])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_float32_between_minus_one_and_zero_gives_an_exp_between(dtype):
    x = np.linspace(-1, 0, 1_000_001, dtype=dtype)
    y = apply(exps, x)
    assert np.all(np.diff(y) >= -np.finfo(dtype).eps)
    assert np.all((y > 0.36) & (y <= 1))


def exact_gumbel(words, bits):
    """-log(-log1p(-u)), in long double; near u = 1 from the complement."""
    complement = ~words
    u = (words.astype(LONG) + LONG(0.5)) * LONG(2) ** -bits
    v = (complement.astype(LONG) + LONG(0.5)) * LONG(2) ** -bits
    lower = u < 0.5
    exponential = np.empty(u.shape, LONG)
    exponential[lower] = -np.log1p(-u[lower])
    exponential[~lower] = -np.log(v[~lower])
    return -np.log(exponential)


def test_float32_gumbels_of_all_tail_words_and_ten_million_others():
    tails = np.arange(1 << 17, dtype=np.uint32)
    others = GENERATOR.integers(0, 1 << 32, 10_000_000, dtype=np.uint32)
    for words in (tails, ~tails, others):
        value = np.empty(words.size, np.float32)
        gumbels(words, value)
        assert np.isfinite(value).all()
        assert np.max(np.abs(value - exact_gumbel(words, 32))) < 2e-6


def test_float64_gumbels_of_tail_words_and_a_million_others():
    tails = np.arange(1 << 17, dtype=np.uint64)
    others = GENERATOR.integers(0, 1 << 64, 1_000_000, dtype=np.uint64)
    for words in (tails, ~tails, others):
        value = np.empty(words.size)
        gumbels(words, value)
        assert np.isfinite(value).all()
        # Long double itself is off by 2^-64 in u, which matters only near G = 0.
        assert np.max(np.abs(value - exact_gumbel(words, 64))) < 2e-14


@pytest.mark.parametrize("size", [1, 63, 64, 65, 1_000_003])
@pytest.mark.parametrize("kind", [np.uint32, np.uint64])
def test_gumbels_in_step_have_the_bits_of_single_ones(kind, size):
    bits = 8 * kind().itemsize
    words = GENERATOR.integers(0, 1 << bits, size, dtype=kind)
    words[:1000], words[1000:2000] = 0, ~np.arange(words[1000:2000].size, dtype=kind)
    dtype = np.float32 if bits == 32 else np.float64
    single, in_step = np.empty(words.size, dtype), np.empty(words.size, dtype)
    gumbels(words, single)
    gumbels_in_step(words, in_step)
    np.testing.assert_array_equal(in_step, single)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_way_to_an_exponential_gives_the_same_bits(dtype):
    x = np.append(GENERATOR.uniform(-1000, 80, 1_000_000), [0.0, -np.inf, np.nan]).astype(dtype)
    np.testing.assert_array_equal(apply(exps_in_step, x), apply(exps, x))
    np.testing.assert_array_equal(apply(exps_of_nonpositive, x), apply(exps, x))


def excess(words, scale):
    """How far the bound, stretched by `scale`, is above the largest Gumbel of a word, at least."""
    out = np.empty(words.size, np.float32)
    bounds(words, out)
    u = (words.astype(LONG) * LONG(2) ** 32 + LONG(0.5)) * LONG(2) ** -64
    return float(np.min(scale * out.astype(LONG) + np.log(-np.log1p(-u))))


def test_the_bound_of_a_word_is_above_all_its_gumbels():
    tails = np.arange(1 << 17, dtype=np.uint32)
    others = GENERATOR.integers(0, 1 << 32, 1_000_000, dtype=np.uint32)
    for words in (tails, ~tails, others):
        assert excess(words, 1.0) > -1e-5
    assert excess(tails, 0.999) < -1e-5


def test_a_gumbel_in_one_rounded_conversion_fails_where_ours_does_not():
    word = np.array([0xFFFFFFFF], np.uint32)
    u = np.float32(word[0]) * np.float32(2.0**-32)
    with np.errstate(divide="ignore"):
        assert not np.isfinite(-np.log(-np.log(u)))
    value = np.empty(1, np.float32)
    gumbels(word, value)
    assert np.isfinite(value[0])


@pytest.mark.parametrize(
    ("dtype", "kind", "bits", "most"),
    [(np.float32, np.uint32, 32, 1e-6), (np.float64, np.uint64, 64, 4e-15)],
)
def test_normals(dtype, kind, bits, most):
    corners = [0, 1, 2 ** (bits - 3), 2 ** (bits - 2), 2 ** (bits - 1), 2**bits - 1]
    first = np.array([*corners, *GENERATOR.integers(0, 2**bits, 200, dtype=kind)], kind)
    second = first[::-1].copy()
    out = np.empty((2, first.size), dtype)
    normals(first, second, out)
    mpmath.mp.dps = 40
    for i in range(first.size):
        u = (mpmath.mpf(int(first[i])) + 0.5) / mpmath.mpf(2) ** bits
        turn = 2 * mpmath.pi * (mpmath.mpf(int(second[i])) + 0.5) / mpmath.mpf(2) ** bits
        radius = mpmath.sqrt(-2 * mpmath.log1p(-u))
        assert abs(out[0, i] - radius * mpmath.cos(turn)) < most * (1 + radius)
        assert abs(out[1, i] - radius * mpmath.sin(turn)) < most * (1 + radius)
