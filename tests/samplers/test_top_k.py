"""Gumbel-top-k: the law of draws without replacement, and the noise of `gumbel`."""

import itertools

import numpy as np
import pytest
from exact import softmax

import gumbench
from gumbench import machine
from gumbench.errors import InputError
from gumbench.stats.law import law_test

LOGITS = np.random.default_rng(5).normal(size=300)


def law_of_orders(p, k):
    """Probability of every ordered choice of k, by their definition."""
    law = {}
    for order in itertools.permutations(range(len(p)), k):
        left, probability = 1.0, 1.0
        for c in order:
            probability *= p[c] / left
            left -= p[c]
        law[order] = probability
    return law


@pytest.mark.parametrize("k", [1, 2, 4])
def test_law(k):
    logits = [0.3, -1.0, 1.2, 0.0, -0.5]
    law = law_of_orders(softmax(logits), k)
    assert sum(law.values()) == pytest.approx(1.0)
    drawn = gumbench.gumbel_top_k(logits, k, 100_000, seed=2)
    numbers = {order: i for i, order in enumerate(law)}
    found = np.array([numbers[tuple(row)] for row in drawn.tolist()])
    probability = np.array([*law.values()])
    assert law_test(found, probability) > 1e-4
    wrong = probability * np.where(np.arange(probability.size) % 2, 1.1, 1.0)
    assert law_test(found, wrong / wrong.sum()) < 1e-4


@pytest.mark.parametrize("k", [1, 5, 64, 65, 300])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_noise_is_that_of_gumbel(k, dtype):
    logits = LOGITS.astype(dtype)
    noise = gumbench.gumbel((40, 300), seed=3, first=20, dtype="float64")
    for temperature in (1.0, 0.25):
        scores = logits / temperature + noise
        found = gumbench.gumbel_top_k(
            [logits, logits], k, 20, seed=3, first=20, temperature=[temperature]
        )
        assert found.shape == (1, 2, 20, k)
        wanted = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        np.testing.assert_array_equal(found[0].reshape(40, k), wanted)


def test_same_numbers_on_any_threads_and_where_they_are_wanted():
    whole = gumbench.gumbel_top_k(LOGITS, 5, 3000, seed=1)
    for threads in range(1, machine.cores() + 1):
        again = gumbench.gumbel_top_k(LOGITS, 5, 3000, seed=1, threads=threads)
        np.testing.assert_array_equal(again, whole)
    out = np.empty((3000, 5), np.int64)
    assert gumbench.gumbel_top_k(LOGITS, 5, 3000, seed=1, out=out) is out
    np.testing.assert_array_equal(out, whole)
    few = gumbench.gumbel_top_k(LOGITS, 5, 10, seed=1, first=70)
    np.testing.assert_array_equal(few, whole[70:80])


def test_masked_categories_are_never_chosen():
    logits = np.where(np.arange(300) % 3, LOGITS, -np.inf)
    assert (gumbench.gumbel_top_k(logits, 200, 50, seed=1) % 3 > 0).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"k": 0}, "k = 0"),
        ({"k": 4}, "k = 4"),
        ({"k": 1.5}, "k = 1.5"),
        ({"logits": [0.0, 1.0, -np.inf], "k": 3}, "there are 2 categories that are not masked"),
        ({"logits": [[0.0] * 3, [0.0, -np.inf, -np.inf]]}, "row 1 has 1 categories"),
        ({"logits": [0.0, np.nan, 1.0]}, r"logits\[1\] is nan"),
        ({"logits": [-np.inf] * 3}, "all logits are -inf"),
        ({"draws": 0}, "draws = 0"),
        ({"temperature": -1}, "temperature = -1"),
        ({"out": np.empty(3)}, r"out is \(3,\) float64; give \(2,\) int64"),
    ],
)
def test_bad_input(given, message):
    with pytest.raises(InputError, match=message):
        gumbench.gumbel_top_k(**{"logits": [0.0, 1.0, 2.0], "k": 2, "seed": 0, **given})
