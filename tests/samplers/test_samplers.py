"""Samplers: their law, in the middle and in the tail, and the same numbers everywhere."""

import re
from functools import partial

import numpy as np
import pytest
from scipy import stats

import gumbench
from gumbench import machine, registry
from gumbench.errors import InputError
from gumbench.kernels.loops import sampling
from gumbench.kernels.random import noise

SAMPLERS = registry.names("samplers")
DTYPES = (np.float32, np.float64)
SIZES = (1, 2, 3, 7, 50, 1030)
DRAWS = 100_000


def logits_of(size, dtype, seed=0):
    """Normal logits with one masked where there are several."""
    logits = np.random.default_rng(seed).normal(size=size).astype(dtype)
    if size > 2:
        logits[size // 2] = -np.inf
    return logits


def law(logits, temperature=1.0):
    scaled = np.asarray(logits, float) / temperature
    weight = np.exp(scaled - scaled.max())
    return weight / weight.sum()


def p_value(draws, p):
    """χ² with categories merged, the rarest first, until 20 draws are expected of each."""
    count = np.bincount(draws, minlength=p.size)
    assert not count[p == 0].any()
    bins = [[0.0, 0]]
    for category in np.argsort(p):
        if bins[-1][0] >= 20:
            bins.append([0.0, 0])
        bins[-1][0] += p[category] * draws.size
        bins[-1][1] += count[category]
    expected, seen = zip(*bins, strict=True)
    return stats.chisquare(seen, expected).pvalue if len(bins) > 1 else 1.0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_law(sampler, dtype, size):
    logits = logits_of(size, dtype)
    drawn = gumbench.categorical(
        logits, DRAWS, seed=1, sampler=sampler, temperature=[0.5, 1.0, 2.0]
    )
    for draws, temperature in zip(drawn, (0.5, 1.0, 2.0), strict=True):
        assert p_value(draws, law(logits, temperature)) > 1e-4


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_law_of_one_draw_a_row(sampler):
    logits = np.tile(logits_of(12, np.float32), (DRAWS, 1))
    assert p_value(gumbench.categorical(logits, seed=2, sampler=sampler), law(logits[0])) > 1e-4


def test_a_wrong_law_is_seen():
    draws = gumbench.categorical(logits_of(7, np.float32), 10 * DRAWS, seed=1)
    assert p_value(draws, law(logits_of(7, np.float32), 1.02)) < 1e-4


def race(sampler, dtype, gap, draws):
    """Hits expected of 1,000 categories that lie `gap` below a leader, and p of those seen."""
    logits = np.full(1001, -gap, dtype)
    logits[0] = 0.0
    hits = int((gumbench.categorical(logits, draws, seed=3, sampler=sampler) > 0).sum())
    chance = 1000 * np.exp(-gap) / (1 + 1000 * np.exp(-gap))
    return chance * draws, stats.binomtest(hits, draws, chance).pvalue


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_tail_race(sampler, dtype):
    """As far into the tail as the sampler says it reaches."""
    deep = registry.sampler(sampler).resolution > 24
    gap, draws = (18.5, 4_000_000) if deep else (9.0, 200_000)
    expected, p = race(sampler, dtype, gap, draws)
    assert expected >= 30
    assert p > 1e-4


def test_the_textbook_form_loses_the_tail():
    _, p = race("gumbel-max-textbook", np.float32, 18.5, 1_000_000)
    assert p < 1e-4


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_filter_changes_no_draw(dtype):
    """It is the argmax over float64 Gumbels of the same words."""
    sizes = (1, 5, 64, 65, 160, 161, 191, 192, 193, 512, 513, 1023, 1025, 2047, 2048, 2049, 3000)
    for size, spread in (*((size, 1.0) for size in sizes), (100, 30.0), (2500, 30.0)):
        logits = (spread * np.random.default_rng(size).normal(size=(40, size))).astype(dtype)
        logits[::3, ::2] = -np.inf
        logits[:, -1] = spread
        noise = gumbench.gumbel((120, size), seed=4, first=9, dtype="float64")
        scores = logits[:, None].astype(float) + noise.reshape(40, 3, size)
        drawn = gumbench.categorical(logits, 3, seed=4, first=9, sampler="gumbel-max")
        assert (drawn == scores.argmax(-1)).all()
        cold = gumbench.categorical(
            logits, 3, seed=4, first=9, temperature=0.01, sampler="gumbel-max"
        )
        assert (cold == (logits[:, None] / 0.01 + noise.reshape(40, 3, size)).argmax(-1)).all()


def test_the_race_is_won_by_the_largest_gumbel():
    logits = np.random.default_rng(2).normal(size=(20, 3000))
    logits[:, ::3] = -np.inf
    race, gumbels = (
        gumbench.categorical(logits, 40, seed=1, sampler=name, temperature=[0.5, 1.0])
        for name in ("exponential-race", "gumbel-max")
    )
    np.testing.assert_array_equal(race, gumbels)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_same_numbers(sampler, monkeypatch):
    logits = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)
    draws = 10_000
    whole = gumbench.categorical(logits, draws, seed=5, sampler=sampler)
    for threads in range(1, machine.cores() + 1):
        again = gumbench.categorical(logits, draws, seed=5, sampler=sampler, threads=threads)
        assert (again == whole).all()
    row = gumbench.categorical(logits[1], 100, seed=5, sampler=sampler, first=draws + 50)
    assert (row == whole[1, 50:150]).all()
    several = gumbench.categorical(logits, draws, seed=5, sampler=sampler, temperature=[2.0, 1.0])
    assert (several[1] == whole).all()
    monkeypatch.setattr(sampling, "TABLE_ITEMS", 1)
    assert (gumbench.categorical(logits, draws, seed=5, sampler=sampler) == whole).all()
    assert (gumbench.categorical(logits, draws, seed=6, sampler=sampler) != whole).any()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_distinct_streams(sampler):
    """Rows, draws and seeds are no shifts of each other."""
    logits = np.zeros((2, 64), np.float32)
    first, second = gumbench.categorical(logits, 2000, seed=1, sampler=sampler)
    other = gumbench.categorical(logits[0], 2000, seed=2, sampler=sampler)
    for shift in range(4):
        for a, b in ((first, second), (first, other), (first[1:], first[:-1])):
            assert (a[shift:] == b[: b.size - shift]).mean() < 0.05 or a is b


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_no_stream_comes_twice(sampler):
    """Four draws of 4,096 categories are one of 2^48; 30,000 such of all streams are distinct."""

    def fours(seeds):
        rows = np.zeros((5, 4096), np.float32)
        drawn = [gumbench.categorical(rows, 2400, seed=s, sampler=sampler) for s in seeds]
        return np.concatenate(drawn).reshape(-1, 4) @ 4096 ** np.arange(4)

    found = fours(range(10))
    assert np.unique(found).size == found.size == 30_000
    again = fours([*range(9), 0])
    assert np.unique(again).size == 27_000


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_both_halves_of_2_to_the_25_categories(sampler):
    """A weight of 2 below and of 1 above: a third is from above, beyond float32."""
    logits = np.zeros(2**25, np.float32)
    logits[: 2**24] = np.log(2)
    draws = 300 if registry.sampler(sampler).makes_noise else 100_000
    drawn = gumbench.categorical(logits, draws, seed=1, sampler=sampler)
    above = drawn >= 2**24
    assert stats.binomtest(int(above.sum()), draws, 1 / 3).pvalue > 1e-4
    # Odd ones, which float32 has not, are half of them.
    assert stats.binomtest(int((drawn[above] % 2).sum()), int(above.sum()), 0.5).pvalue > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_beyond_2_to_the_24_categories(sampler):
    logits = np.full(2**24 + 5, -np.inf, np.float32)
    logits[-3], logits[1] = 0.0, 0.0
    drawn = gumbench.categorical(logits, 40, seed=1, sampler=sampler)
    assert set(drawn) == {1, 2**24 + 2}


def test_shapes_and_kinds_of_logits():
    row = [0.0, 1.0, 2.0]
    assert gumbench.categorical(row, seed=0).shape == ()
    assert gumbench.categorical(row, 4, seed=0).shape == (4,)
    assert gumbench.categorical([row, row], seed=0).shape == (2,)
    assert gumbench.categorical([row, row], 4, seed=0).shape == (2, 4)
    assert gumbench.categorical([row, row], 4, seed=0, temperature=[1.0]).shape == (1, 2, 4)
    assert gumbench.categorical(row, 4, seed=0, temperature=[1, 2]).dtype == np.int64
    base = np.arange(12.0).reshape(3, 4)
    expected = gumbench.categorical(base, 50, seed=1)
    read_only = base.copy()
    read_only.flags.writeable = False
    for same in (np.asfortranarray(base), read_only, np.repeat(base, 2, axis=1)[:, ::2]):
        assert (gumbench.categorical(same, 50, seed=1) == expected).all()
    for kind in (np.int32, np.float16):
        assert (gumbench.categorical(base.astype(kind), 50, seed=1) == expected).all()


ROW = np.random.default_rng(0).normal(size=300).astype(np.float32)
# Functions that take `out`: what they give, and a call of it.
INTO = {
    "gumbel": ((7, 300), np.float32, partial(gumbench.gumbel, (7, 300), seed=1)),
    "concrete": ((7, 300), np.float32, partial(gumbench.concrete, ROW, 0.5, 7, seed=1)),
    "concrete in blocks": (
        (700, 3),
        np.float32,
        partial(gumbench.concrete, ROW[:3], 0.5, 700, seed=1),
    ),
    "categorical": (
        (2, 9),
        np.int64,
        partial(gumbench.categorical, ROW, 9, seed=1, temperature=[0.5, 1]),
    ),
    "one draw": ((2,), np.int64, partial(gumbench.categorical, [ROW, ROW], seed=1)),
}


@pytest.mark.parametrize("name", INTO)
def test_results_lie_where_they_are_wanted(name):
    shape, dtype, call = INTO[name]
    out = np.full(shape, 7, dtype)
    assert call(out=out) is out
    np.testing.assert_array_equal(out, call())


@pytest.mark.parametrize("categories", [3, 300])
def test_concrete_draws_have_numbers(categories):
    draw = partial(gumbench.concrete, ROW[:categories], 0.5, seed=1)
    np.testing.assert_array_equal(draw(7, first=70), draw(100)[70:77])
    np.testing.assert_array_equal(draw(5000), draw(5000, threads=1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_few_numbers_are_those_of_many(dtype, monkeypatch):
    """Serial and parallel loops are compiled apart and give the same bits."""
    calls = (
        partial(gumbench.gumbel, (20, 70), seed=1, dtype=dtype),
        partial(gumbench.gumbel, 3001, seed=1, dtype=dtype),
        partial(gumbench.concrete, ROW, 0.5, 20, seed=1, dtype=dtype),
        partial(gumbench.concrete, ROW[:5], 0.5, 200, seed=1, dtype=dtype),
        partial(gumbench.categorical, ROW.astype(dtype), 50, seed=1),
    )
    few = [call() for call in calls]
    monkeypatch.setattr(noise, "FEW_NUMBERS", 0)
    monkeypatch.setattr(sampling, "draw_alone", sampling.draw)
    for call, wanted in zip(calls, few, strict=True):
        np.testing.assert_array_equal(call(), wanted)


@pytest.mark.parametrize("draws", [None, 10_000])
@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf, 2e30, -2e30, "masked"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_first_wrong_logit_is_named(dtype, bad, draws):
    """Whichever piece of work finds it, and however many others are wrong."""
    logits = np.zeros((300, 70), dtype)
    for row in (131, 299):
        logits[row, 0 if bad == "masked" else 69 :] = -np.inf if bad == "masked" else bad
    wanted = "every logit of row 131 is" if bad == "masked" else r"logits\[131, 69\] is"
    for sampler in ("gumbel-max", "alias"):
        with pytest.raises(InputError, match=wanted):
            gumbench.categorical(logits, draws, seed=0, sampler=sampler)
    logits[131:] = [-1e30, *[-np.inf] * 68, 1e30]
    assert (gumbench.categorical(logits, draws, seed=0)[131:] == 69).all()


# fmt: off
REFUSED = [
    ({"logits": [[1.0, 2.0], [3.0]]}, "no array of numbers"),
    ({"logits": ["a", "b"]}, "no array of numbers"),
    ({"logits": None}, "no array of numbers"),
    ({"logits": []}, "shape (0,)"),
    ({"logits": 1.0}, "shape ()"),
    ({"logits": np.zeros((2, 0))}, "shape (2, 0)"),
    ({"logits": np.zeros((2, 2, 2))}, "shape (2, 2, 2)"),
    ({"logits": [0.0, np.nan]}, "logits[1] is nan"),
    ({"logits": [[0.0, 1.0], [np.inf, 0.0]]}, "logits[1, 0] is inf"),
    ({"logits": [[0.0, 1.0], [-np.inf, -np.inf]]}, "every logit of row 1 is -inf"),
    ({"logits": [0.0, 1e31]}, "give at most 1e+30"),
    ({"draws": 0}, "draws = 0"),
    ({"draws": -1}, "draws = -1"),
    ({"draws": 1.5}, "draws = 1.5: give a whole number"),
    ({"draws": True}, "draws = True"),
    ({"draws": 2**44}, "GiB of memory; this machine has"),
    ({"seed": -1}, "seed = -1"),
    ({"seed": 2**64}, "seed = 18446744073709551616"),
    ({"seed": "x"}, "seed = 'x'"),
    ({"first": -1}, "first = -1"),
    ({"first": 2**48}, "first = 281474976710656"),
    ({"sampler": "gumbel-mx"}, "did you mean gumbel-max"),
    ({"sampler": "xyzzy"}, "there is alias, exponential-race,"),
    ({"temperature": 0.0}, "temperature = 0:"),
    ({"temperature": [1.0, -1.0]}, "temperature = -1:"),
    ({"temperature": []}, "give one above 0, or a list"),
    ({"temperature": "hot"}, "temperature = 'hot'"),
    ({"temperature": np.nan}, "temperature = nan"),
    ({"threads": 0}, "threads = 0"),
    ({"threads": 10**6}, "threads = 1000000"),
    ({"out": [0, 0, 0]}, "give a NumPy array, (3,) int64"),
    ({"out": np.empty(4, np.int64)}, "out is (4,) int64; give (3,) int64"),
    ({"out": np.empty(3, np.int32)}, "out is (3,) int32; give (3,) int64"),
    ({"out": np.empty(6, np.int64)[::2]}, "out is a view or read-only"),
]
# fmt: on


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_bad_input(given, message):
    arguments = {"logits": [0.0, 1.0], "draws": 3, "seed": 0, **given}
    with pytest.raises(InputError, match=re.escape(message)):
        gumbench.categorical(**arguments)
