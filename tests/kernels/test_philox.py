import itertools

import numpy as np
import pytest
import reference_noise
from numba import njit, uint64

from gumbench.kernels.compiler.lowering import OPTIONS
from gumbench.kernels.random import noise, philox

KNOWN = [
    ((0,) * 4, (0,) * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@njit
def words(c, k):
    return philox.philox((c[0], c[1], c[2], c[3]), (k[0], k[1]))


@njit
def counters(estimate, batch, draw, purpose):
    return philox.counter(uint64(estimate), batch, draw, purpose)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter, key, expected):
    wanted = tuple(int(word, 16) for word in expected.split())
    assert reference_noise.philox(counter, key) == wanted
    assert words(np.array(counter, np.uint32), np.array(key, np.uint32)) == wanted


def corners(limit, largest=None):
    top = (largest or limit) - 1
    return sorted({0, 1, limit >> 1, top - 1, top})


def test_no_field_of_the_counter_overflows_into_another():
    limits = philox.LIMITS
    fields = [
        corners(limits["element"] >> 2),
        [*corners(limits["estimate"]), 2**32 - 1, 2**32, 2**32 + 1],
        corners(limits["batch"]),
        corners(limits["draw"]),
        corners(limits["purpose"]),
    ]
    seen = set()
    for group, estimate, batch, draw, purpose in itertools.product(*fields):
        counter = (group, *counters(estimate, batch, draw, purpose))
        assert all(0 <= word < 2**32 for word in counter)
        assert counter == (
            group,
            estimate & reference_noise.MASK,
            (estimate >> 32) | batch << 16,
            draw | purpose << 24,
        )
        seen.add(counter)
    assert len(seen) == np.prod([len(field) for field in fields])


@pytest.mark.parametrize("seed", [0, 1, 2**32, 2**64 - 1])
@pytest.mark.parametrize(
    ("estimate", "width"), [(0, 8), (2**32 - 3, 8), (2**48 - 8, 8), (5, 64), (2**32 - 65, 200)]
)
@pytest.mark.parametrize(("batch", "draw", "purpose"), [(0, 0, 0), (65535, 2**24 - 1, 8)])
def test_a_word_belongs_to_its_place(seed, estimate, width, batch, draw, purpose):
    out = np.empty((6, width))
    low = philox.low_bits(purpose)
    request = np.array([noise.UNIFORM, draw, purpose, low], np.int64)
    key = np.array(philox.key(seed), np.uint32)
    noise.fill_array("float64")(request, key, estimate, batch, out)
    for element, b in itertools.product(range(6), range(width)):
        wanted = reference_noise.uniform64(seed, batch, estimate + b, draw, purpose, low, element)
        assert out[element, b] == wanted


@njit(**OPTIONS)
def row_of_words(element, key, estimate, words):
    noise.row_words(words, element, key, estimate, philox.NOISE)


@pytest.mark.parametrize("columns", [1, 63, 64, 65, 257])
def test_words_of_a_row_belong_to_their_elements(columns):
    words = np.empty((4, columns), np.uint32)
    first, estimate = 2**34 - 4 * columns, 2**32 - 1
    row_of_words(first, np.array(philox.key(7), np.uint32), estimate, words)
    for g, i in itertools.product(range(columns), range(4)):
        assert words[i, g] == reference_noise.word(
            7, 0, estimate, 0, philox.NOISE, first + 4 * g + i
        )


def test_low_bits_have_purposes_of_their_own():
    purposes = [philox.NOISE, philox.PILOT, philox.DATA, philox.NORMAL, philox.TRUTH]
    low = [philox.low_bits(p) for p in [*purposes, philox.INSTANCE]]
    assert len({*purposes, philox.INSTANCE, *low}) == 2 * len(low)


def test_streams_of_neighbours_are_not_shifts_of_each_other():
    def stream(seed=0, batch=0, estimate=0, draw=0, purpose=0):
        return [reference_noise.word(seed, batch, estimate, draw, purpose, e) for e in range(64)]

    base = set(stream())
    neighbours = [
        stream(seed=1),
        stream(seed=2**32),
        stream(batch=1),
        stream(estimate=1),
        stream(draw=1),
        stream(purpose=1),
    ]
    for other in neighbours:
        assert len(base & set(other)) == 0
