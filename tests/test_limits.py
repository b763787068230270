"""Numbers of NumPy like Python's own, and one set of limits for all functions."""

import math

import numpy as np
import pytest

import gumbench
from gumbench import limits
from gumbench.errors import InputError

SPEC = {"problems": ["bernoulli-toy"], "estimators": ["score"], "measurements": ["variance"]}
SEEDS = [
    8889891283923431349,
    np.int64(8889891283923431349),
    np.uint64(2**64 - 1),
    np.array(7),
    np.int8(3),
    5.0,
    np.float64(2**52),
]


@pytest.mark.parametrize("seed", SEEDS, ids=repr)
def test_a_seed_is_the_integer_itself(seed):
    run = gumbench.sweep(**SPEC, estimates=640, seed=seed)
    assert run.spec.seed == int(seed)
    assert isinstance(run.spec.seed, int)
    assert run.variance.seed.tolist() == [int(seed)]
    a, b = (gumbench.gumbel(5, seed=s) for s in (seed, int(seed)))
    np.testing.assert_array_equal(a, b)
    a, b = (gumbench.estimate("bernoulli-toy", "score", 5, seed=s) for s in (seed, int(seed)))
    np.testing.assert_array_equal(a, b)
    a, b = (gumbench.categorical([0.0, 1.0], 5, seed=s) for s in (seed, int(seed)))
    np.testing.assert_array_equal(a, b)


AXES = [
    {"dimensions": range(2, 5)},
    {"dimensions": np.arange(2, 5)},
    {"dimensions": np.int32(3)},
    {"dimensions": (np.int64(2), 3)},
    {"temperatures": np.array([0.5, 1.0])},
    {"temperatures": np.linspace(0.5, 1, 3, dtype=np.float32)},
    {"temperatures": np.float64(0.7)},
    {"inner_samples": np.array([2, 4], np.uint8)},
    {"settings": {"theta": np.array([0.2, 0.4])}},
    {"settings": {"theta": np.float32(0.25), "t": (0.1, np.float64(0.2))}},
    {"estimates": np.int64(6400)},
    {"estimates": 1e4},
    {"dtype": np.float64},
    {"dtype": np.dtype("float32")},
    {"components": np.bool_(True)},
    {"threads": np.int64(1)},
    {"estimators": np.array(["score", "concrete"])},
    {"problems": "bernoulli-sum"},
]


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_axes_of_a_sweep(axes):
    """Another type of the same number is the same run, down to its keys."""
    spec = {**SPEC, "problems": ["bernoulli-sum"], "estimators": ["score-loo", "concrete"]}
    spec |= {"estimates": 640, "dimensions": [2]}
    found = gumbench.sweep(**spec | axes)

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple | range | np.ndarray) and np.ndim(value):
            return [plain(item) for item in value]
        if isinstance(value, np.dtype | type):
            return np.dtype(value).name
        return value.item() if isinstance(value, np.generic) else value

    wanted = gumbench.sweep(**spec | plain(axes))
    assert found.variance.equals(wanted.variance)
    assert [r.key for r in found.records] == [r.key for r in wanted.records]


DTYPES = ["float32", "float64", np.float32, np.dtype("float64"), "f4", "<f8", float]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_dtypes(dtype):
    wanted = np.dtype(dtype)
    assert gumbench.gumbel(3, seed=0, dtype=dtype).dtype == wanted
    assert gumbench.concrete([0.0, 1.0], 1.0, 3, seed=0, dtype=dtype).dtype == wanted
    assert gumbench.estimate("bernoulli-toy", "score", 3, dtype=dtype).dtype == wanted
    assert gumbench.exact_gradient("bernoulli-toy", dtype=dtype).gradient.dtype == np.float64


@pytest.mark.parametrize("dtype", ["float16", np.int32, "float", None, "complex", 3, "f32", [1]])
def test_dtypes_that_there_are_not(dtype):
    if dtype == "float":
        assert gumbench.gumbel(3, seed=0, dtype=dtype).dtype == np.float64
        return
    for call in (
        lambda: gumbench.gumbel(3, seed=0, dtype=dtype),
        lambda: gumbench.concrete([0.0], 1.0, 1, seed=0, dtype=dtype),
        lambda: gumbench.estimate("bernoulli-toy", "score", 3, dtype=dtype),
        lambda: gumbench.exact_gradient("bernoulli-toy", dtype=dtype),
    ):
        with pytest.raises(InputError, match="give 'float32' or 'float64'"):
            call()


SIZES = [
    3,
    (3,),
    [2, 3],
    (2, np.int64(3)),
    np.array([2, 3]),
    np.int16(4),
    (),
    0,
    (0, 3),
    (3, 0),
    2.0,
]


@pytest.mark.parametrize("size", SIZES, ids=repr)
def test_sizes_as_numpy_takes_them(size):
    found = gumbench.gumbel(size, seed=3)
    shape = np.empty(int(size) if isinstance(size, float) else size).shape
    assert np.shape(found) == shape
    if shape == ():
        assert isinstance(found, np.float32)
        assert found == gumbench.gumbel(1, seed=3)[0]


@pytest.mark.parametrize("size", [-1, (2, -3), 1.5, "3", None, True, (2, 1.5), 2**70, [[1, 2]]])
def test_sizes_that_are_none(size):
    with pytest.raises(InputError, match="size"):
        gumbench.gumbel(size, seed=0)


LARGE = [1e31, 1e39, 1e300, -1e31, np.float64(1e39)]


@pytest.mark.parametrize("logit", LARGE)
def test_logits_that_are_too_large(logit):
    for call in (
        lambda: gumbench.concrete([0.0, logit], 1.0, 1, seed=0),
        lambda: gumbench.categorical([0.0, logit], seed=0),
        lambda: gumbench.categorical(np.array([[0.0, logit]] * 2), seed=0),
    ):
        with pytest.raises(InputError, match="give at most 1e"):
            call()


BAD_LOGITS = [
    ([0.0, math.nan], "is nan"),
    ([0.0, math.inf], "is inf"),
    ([-math.inf, -math.inf], "-inf; leave one category open"),
    ([], "have shape"),
    (3.0, "have shape"),
    ([[[0.0]]], "have shape"),
    ("ab", "no array of numbers"),
    ([[0.0], [0.0, 1.0]], "no array of numbers"),
    ([1j], "no array of numbers"),
    (None, "no array of numbers"),
]


@pytest.mark.parametrize(("logits", "message"), BAD_LOGITS)
def test_logits_that_are_none(logits, message):
    with pytest.raises(InputError, match=message):
        gumbench.concrete(logits, 1.0, 1, seed=0)
    with pytest.raises(InputError, match=message):
        gumbench.categorical(logits, seed=0)


@pytest.mark.parametrize(
    "temperature", [1e-39, 0, -1, 1e-7, 1e7, math.nan, math.inf, "hot", None, True]
)
def test_temperatures_have_one_set_of_limits(temperature):
    for call in (
        lambda: gumbench.concrete([0.0, 1.0], temperature, 1, seed=0),
        lambda: gumbench.categorical([0.0, 1.0], seed=0, temperature=temperature),
        lambda: gumbench.categorical([0.0, 1.0], seed=0, temperature=[1.0, temperature]),
        lambda: gumbench.estimate("bernoulli-toy", "concrete", 3, temperature=temperature),
        lambda: gumbench.sweep(**SPEC | {"estimators": ["concrete"]}, temperatures=[temperature]),
    ):
        with pytest.raises(InputError, match="temperature"):
            call()


def test_temperatures_of_any_type():
    wanted = gumbench.categorical([0.0, 1.0], 50, seed=0, temperature=[0.5, 2.0])
    for given in ((0.5, 2), np.array([0.5, 2.0]), np.array([0.5, 2.0], np.float32)):
        np.testing.assert_array_equal(
            gumbench.categorical([0.0, 1.0], 50, seed=0, temperature=given), wanted
        )
    one = gumbench.categorical([0.0, 1.0], 50, seed=0, temperature=np.float32(0.5))
    np.testing.assert_array_equal(one, wanted[0])


def test_the_ends_of_the_limits_give_finite_numbers():
    for dtype in ("float32", "float64"):
        for temperature in limits.TEMPERATURES:
            logits = [0.0, limits.LARGEST, -limits.LARGEST, -math.inf]
            found = gumbench.concrete(logits, temperature, 100, seed=0, dtype=dtype)
            assert np.isfinite(found).all()
            np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
        for loc, scale in ((limits.LARGEST, 1.0), (0.0, limits.LARGEST), (0.0, 1e-30)):
            found = gumbench.gumbel(10_000, seed=0, loc=loc, scale=scale, dtype=dtype)
            assert np.isfinite(found).all()


@pytest.mark.parametrize(
    "given",
    [
        {"scale": 0},
        {"scale": -1},
        {"scale": 1e31},
        {"scale": 1e-39},
        {"scale": math.nan},
        {"scale": "1"},
        {"loc": math.inf},
        {"loc": 1e39},
        {"loc": None},
        {"loc": [1.0, 2.0]},
        {"first": -1},
        {"first": 2**60},
        {"first": 1.5},
        {"threads": 0},
        {"threads": 10_000},
        {"threads": True},
        {"seed": -1},
        {"seed": 2**64},
        {"seed": "0"},
        {"seed": None},
    ],
    ids=str,
)
def test_gumbel_refuses(given):
    with pytest.raises(InputError, match=next(iter(given))):
        gumbench.gumbel(**{"size": 3, "seed": 0, **given})


@pytest.mark.parametrize("draws", [0, -1, 1.5, "3", True, 2**60, [1], math.nan])
def test_draws_and_counts_have_one_set_of_limits(draws):
    for call in (
        lambda: gumbench.concrete([0.0, 1.0], 1.0, draws, seed=0),
        lambda: gumbench.categorical([0.0, 1.0], draws, seed=0),
        lambda: gumbench.estimate("bernoulli-toy", "score", draws),
    ):
        with pytest.raises(InputError, match=r"draws|count"):
            call()


def test_what_would_not_fit_is_said_before():
    for call in (
        lambda: gumbench.gumbel((2**30, 2**10), seed=0),
        lambda: gumbench.concrete([0.0, 1.0], 1.0, 2**40, seed=0),
        lambda: gumbench.categorical([0.0, 1.0], 2**40, seed=0, sampler="alias"),
    ):
        with pytest.raises(InputError, match="GiB of memory"):
            call()
    with pytest.raises(InputError, match="with `first` of sampler='alias'"):
        gumbench.categorical([0.0, 1.0], 2**40, seed=0)


def test_problems_take_numpys_numbers():
    made = gumbench.make_problem("categorical-quadratic", np.int64(5), {"skew": np.float32(0.5)})
    plain = gumbench.make_problem("categorical-quadratic", 5, {"skew": 0.5})
    np.testing.assert_array_equal(made.theta, plain.theta)
    assert type(made.settings["skew"]) is float
    for dimension in (1.5, "5", True, 0, -3, 2**40, None):
        if dimension is not None:
            with pytest.raises(InputError, match="dimension"):
                gumbench.make_problem("categorical-quadratic", dimension)
    for settings in ({"skeww": 1.0}, {"skew": "much"}, {"skew": math.nan}, {"instance": 0.5}):
        with pytest.raises(InputError):
            gumbench.make_problem("categorical-quadratic", 5, settings)


def test_results_take_numpys_numbers():
    run = gumbench.sweep(**SPEC, estimates=640)
    (found,) = run.compare(budget=np.float64(64), gradient_cost=np.int64(2), reuse=np.int32(10))
    (plain,) = run.compare(budget=64.0, gradient_cost=2, reuse=10)
    assert found.verdict == plain.verdict
