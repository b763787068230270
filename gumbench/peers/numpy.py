"""NumPy: the bit generator that is fastest, and logarithms in place, which are SIMD."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from gumbench.types import Form, Job

PACKAGE, INSTALL = "numpy", "pip install numpy"
THREADS = 1


def _generator(job: Job) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(job.seed))


def _gumbels(generator: np.random.Generator, out: np.ndarray) -> np.ndarray:
    """-log(-log u) where u lies; u = 0 gives -inf once in 2^24 (float64: 2^53)."""
    generator.random(out=out, dtype=out.dtype.type)
    with np.errstate(divide="ignore"):
        for _ in range(2):
            np.log(out, out=out)
            np.negative(out, out=out)
    return out


def _philox(job: Job) -> Callable[[], Any]:
    generator = np.random.Generator(np.random.Philox(job.seed))
    return lambda: generator.integers(0, 2**32, job.count, np.uint32)


def _words(job: Job) -> Callable[[], Any]:
    generator = _generator(job)
    return lambda: generator.integers(0, 2**32, job.count, np.uint32)


def _gumbel(job: Job) -> Callable[[], Any]:
    generator = np.random.default_rng(job.seed)
    return lambda: generator.gumbel(size=job.count)


def _two_logs(job: Job) -> Callable[[], Any]:
    generator, out = _generator(job), np.empty(job.count, job.dtype)
    return lambda: _gumbels(generator, out)


def _argmax(job: Job) -> Callable[[], Any]:
    generator, out = _generator(job), np.empty_like(job.logits)

    def draw() -> Any:
        _gumbels(generator, out)
        return np.add(out, job.logits, out=out).argmax(axis=1)

    return draw


def _argmax_textbook(job: Job) -> Callable[[], Any]:
    generator, logits = np.random.default_rng(job.seed), job.logits
    return lambda: np.argmax(logits + generator.gumbel(size=logits.shape), axis=1)


def _cumsum(job: Job) -> Callable[[], Any]:
    """Softmax without its division, a running sum, and how many of it are at most u."""
    generator, logits = _generator(job), job.logits
    out = np.empty_like(logits)

    def draw() -> Any:
        np.subtract(logits, logits.max(axis=1, keepdims=True), out=out)
        np.cumsum(np.exp(out, out=out), axis=1, out=out)
        u = generator.random((len(out), 1), dtype=out.dtype.type)
        return (out <= u * out[:, -1:]).sum(axis=1)

    return draw


def _choice(job: Job) -> Callable[[], Any]:
    generator, p = _generator(job), special.softmax(job.logits[0].astype(float))
    return lambda: generator.choice(p.size, job.count, p=p)


def _searchsorted(job: Job) -> Callable[[], Any]:
    generator, cdf = _generator(job), np.cumsum(special.softmax(job.logits[0].astype(float)))
    cdf /= cdf[-1]
    return lambda: np.searchsorted(cdf, generator.random(job.count), side="right")


def _alias(job: Job) -> Callable[[], Any]:
    """An alias table by hand (Vose 1991), looked up by fancy indices."""
    generator, p = _generator(job), special.softmax(job.logits[0].astype(float))
    split, other = p * p.size, np.arange(p.size)
    less, more = [[c for c in range(p.size) if (split[c] < 1) == small] for small in (True, False)]
    while less and more:
        small, large = less.pop(), more.pop()
        other[small] = large
        split[large] -= 1 - split[small]
        (less if split[large] < 1 else more).append(large)
    for c in less + more:
        split[c] = 1.0

    def draw() -> Any:
        column = generator.integers(p.size, size=job.count)
        return np.where(generator.random(job.count) < split[column], column, other[column])

    return draw


def _concrete(job: Job) -> Callable[[], Any]:
    generator, logits = _generator(job), job.logits[0]
    out = np.empty((job.count, logits.size), job.dtype)

    def draw() -> Any:
        _gumbels(generator, out)
        np.add(out, logits, out=out)
        np.divide(out, out.dtype.type(job.temperature), out=out)
        np.exp(np.subtract(out, out.max(axis=1, keepdims=True), out=out), out=out)
        return np.divide(out, out.sum(axis=1, keepdims=True), out=out)

    return draw


FORMS = (
    Form("Generator(Philox).integers", "words", _philox),
    Form("Generator(SFC64).integers", "words", _words),
    Form("Generator.gumbel", "fill", _gumbel, textbook=True),
    Form("SFC64, two logs in place", "fill", _two_logs),
    Form("argmax(θ + gumbel)", "draws", _argmax_textbook, textbook=True, fits=Job.one_draw),
    Form("argmax, two logs in place", "draws", _argmax, fits=Job.one_draw),
    Form("cumsum of exp", "draws", _cumsum, fits=Job.one_draw),
    Form("choice", "draws", _choice, textbook=True, fits=Job.one_row),
    Form("searchsorted of the cumsum", "draws", _searchsorted, fits=Job.one_row),
    Form("alias table by hand", "draws", _alias, fits=Job.one_row),
    Form("two logs in place, softmax", "concrete", _concrete),
)
