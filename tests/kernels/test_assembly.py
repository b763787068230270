"""Hot loops run on vectors of their own type: no libm, no wider floats or integers, no masks."""

import re

import numpy as np
import pytest
from numba import types

from gumbench import machine, registry
from gumbench.kernels.compiler import jit, lowering, roles
from gumbench.kernels.random import noise, variates
from gumbench.samplers import gumbel_max, gumbel_max_textbook

pytestmark = pytest.mark.skipif(machine.vector_bits() < 256, reason="needs AVX2")

SCALAR = re.compile(r"(?:callq?|jmpq?|movabsq)\s+[$*]?(?:log|exp|log1p|sin|cos|pow)f?\b")
WIDER_FLOATS = re.compile(r"\bvcvtps2pd\s+.*[yz]mm")
WIDER_INTEGERS = re.compile(r"\bvpmov[sz]xdq\s+.*[yz]mm")
# A masked store of 256 bits takes twenty cycles and more on some processors.
MASKED_STORES = re.compile(r"\bvp?maskmov\w+\s+%[xy]mm\d+, %[xy]mm\d+, .*\(")
ALIGNED_STACK = re.compile(r"\bandq\s+\$-(32|64), %rsp")
VECTORS = re.compile(r"\bv(?:fmadd\w+|mul|add)ps\s+.*[yz]mm")
KERNELS = [
    *("score", "score-baseline", "score-loo", "gumbel-score", "local-expectation"),
    *("concrete", "straight-through", "st-gumbel-softmax"),
]


def assembly(dispatcher):
    (text,) = dispatcher.inspect_asm().values()
    return text


def kernel(name):
    found = registry.estimators(name)["categorical"].kernel
    return assembly(
        jit.numba.njit([roles.signature("kernel", "float32")], **lowering.OPTIONS)(found)
    )


def check(text):
    assert not SCALAR.search(text)
    assert not WIDER_FLOATS.search(text)
    assert not WIDER_INTEGERS.search(text)
    assert not MASKED_STORES.search(text)
    assert VECTORS.search(text)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels(name):
    check(kernel(name))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", registry.names("samplers"))
def test_samplers_call_no_library(name, dtype):
    """Of all there are; float64 sums of float32 weights are wanted, wider integers are not."""
    sampler = registry.sampler(name)
    parts = {"sampler_kernel": sampler.kernel, "sampler_prepare": sampler.prepare}
    for role, function in parts.items():
        if function is not None:
            options = lowering.OPTIONS
            text = assembly(jit.numba.njit([roles.signature(role, dtype)], **options)(function))
            assert not SCALAR.search(text)
            assert not MASKED_STORES.search(text)


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.names("estimators"))
def test_estimators_call_no_library(name):
    for estimator in registry.estimators(name).values():
        if estimator.kernel is not None:
            signature = [roles.signature("kernel", "float32")]
            text = assembly(jit.numba.njit(signature, **lowering.OPTIONS)(estimator.kernel))
            assert not SCALAR.search(text)


def test_vectors_on_the_stack_cross_no_line():
    # The words of many counters are more than there are registers for.
    signatures = [roles.signature("sampler_kernel", "float32")]
    by_numba = {k: v for k, v in lowering.OPTIONS.items() if k != "pipeline_class"}
    ours, other = (
        assembly(jit.numba.njit(signatures, **options)(gumbel_max_textbook.kernel))
        for options in (lowering.OPTIONS, by_numba)
    )
    assert ALIGNED_STACK.search(ours)
    assert not ALIGNED_STACK.search(other)


def loop(function, word=types.uint32, real=types.float32):
    """The assembly of a function of a word in a loop."""

    def run(words, out):
        for i in range(out.size):
            out[i] = function(words[i])

    arrays = types.Array(word, 1, "C"), types.Array(real, 1, "C")
    return assembly(jit.numba.njit([types.void(*arrays)], **lowering.OPTIONS)(run))


def test_noise():
    for function in (variates.exponential, variates.uniform, variates.gumbel_bound):
        check(loop(function))

    def gumbels(words, out):
        noise._gumbels(words, out)

    arrays = [types.Array(kind, 1, "C") for kind in (types.uint32, types.float32)]
    check(assembly(jit.numba.njit([types.void(*arrays)], **lowering.OPTIONS)(gumbels)))


def test_filter():
    kinds = (types.float32, types.uint32, types.float32, types.float32)
    arrays = [types.Array(k, d, "C") for k, d in zip(kinds, (1, 2, 1, 1), strict=True)]

    def bounds(largest, words, out, top):
        gumbel_max._bounds(largest, np.float32(1.0), words, out, top)

    check(assembly(jit.numba.njit([types.void(*arrays)], **lowering.OPTIONS)(bounds)))


def compiled(function, kind):
    arrays = [types.Array(kind, 1, "C")] * 2
    return assembly(jit.numba.njit([types.void(*arrays)], **lowering.OPTIONS)(function))


def test_what_is_looked_for_is_found():
    def library(x, out):
        for i in range(out.size):
            out[i] = np.log(x[i])

    def wide(x, out):
        for i in range(out.size):
            out[i] = x[i] * 0.1 + 0.3

    def long(x, out):
        for i in range(out.size):
            out[i] = (x[i] * 3) >> 5

    def choice(x, out):
        for i in range(out.size):
            out[i] = x[i] if x[i] > out[i] else out[i]

    assert SCALAR.search(compiled(library, types.float32))
    assert WIDER_FLOATS.search(compiled(wide, types.float32))
    assert WIDER_INTEGERS.search(compiled(long, types.int32))
    if machine.vector_bits() == 256:
        assert MASKED_STORES.search(compiled(choice, types.float32))
