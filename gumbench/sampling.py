"""Functions for Python that draw; `gumbench` imports them when they are first used."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from gumbench import limits, machine, registry
from gumbench.errors import InputError
from gumbench.kernels.compiler.threads import limited
from gumbench.kernels.loops import top_k
from gumbench.kernels.loops.concrete import draw_into as draw_concrete
from gumbench.kernels.loops.sampling import WrongLogitError, draw_rows, first_wrong
from gumbench.kernels.random import noise, philox


@limits.default_errstate
def gumbel(
    size: Any,
    *,
    loc: float = 0.0,
    scale: float = 1.0,
    seed: int,
    first: int = 0,
    dtype: Any = "float32",
    threads: int | None = None,
    out: Any = None,
) -> Float[np.ndarray, "..."]:
    """Gumbel noise, exact in both tails, the same on any machine and number of threads.

    Parameters
    ----------
    size
        int or tuple, () for one number; the last axis is the element, the leading axes number the
        estimate, so that a longer last axis or a later `first` extends the same noise
    loc, scale
        location and scale of the law, at most 1e30 in size
    seed
        0 to 2^64 - 1
    first
        number of the first estimate
    dtype
        "float32" (32 random bits) or "float64" (64)
    threads
        at most the machine's cores; None for all
    out
        a contiguous array of that size and dtype to be filled, instead of a new one

    Returns
    -------
    numpy.ndarray
        -log(-log u) of that size and dtype, u from Philox4x32-10.

    Raises
    ------
    InputError
        For what is out of range.

    References
    ----------
    Gumbel 1954; Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"
    """
    shape = limits.shape(size, philox.LIMITS["estimate"])
    elements, rows = shape[-1] if shape else 1, math.prod(shape[:-1])
    scale = limits.real("scale", scale, limits.SMALLEST_SCALE, limits.LARGEST)
    loc = limits.real("loc", loc, -limits.LARGEST, limits.LARGEST)
    first = limits.whole("first", first, 0, philox.LIMITS["estimate"] - rows)
    if elements > philox.LIMITS["element"]:
        raise InputError(f"size = {size}: the last axis may have at most 2^34 elements")
    dtype, key = limits.dtype(dtype), _key(seed)
    _check_memory(f"size = {size}", math.prod(shape) * np.dtype(dtype).itemsize)
    result = np.empty(shape, dtype) if out is None else limits.out(out, shape, dtype)
    with _threads(threads):
        noise.fill_gumbels(key, first, loc, scale, result.reshape(rows, elements))
    return result[()] if out is None else result


@limits.default_errstate
def concrete(
    logits: Any,
    temperature: Any,
    draws: int,
    *,
    seed: int,
    first: int = 0,
    dtype: Any = "float32",
    threads: int | None = None,
    out: Any = None,
) -> Float[np.ndarray, "draws categories"]:
    """Draws of the Concrete distribution, softmax((θ + G)/τ), on the simplex.

    Parameters
    ----------
    logits
        (categories,) finite or -inf, at most 1e30 in size
    temperature
        τ, 1e-6 to 1e6
    draws
        how many; draw number i uses the noise of estimate i
    seed
        0 to 2^64 - 1
    first
        number of the first draw
    dtype
        "float32" or "float64"
    threads
        at most the machine's cores; None for all
    out
        a contiguous array (draws, categories) of that dtype to be filled, instead of a new one

    Returns
    -------
    numpy.ndarray
        (draws, categories).

    Raises
    ------
    InputError
        For what is out of range.

    References
    ----------
    Maddison et al. 2017; Jang et al. 2017
    """
    table = limits.table(logits, axes=(1,))
    if (wrong := first_wrong(table[None])) >= 0:
        raise limits.wrong_logit(table, 0, wrong)
    temperature = limits.real("temperature", temperature, *limits.TEMPERATURES)
    draws = limits.whole("draws", draws, 1, philox.LIMITS["estimate"])
    first = limits.whole("first", first, 0, philox.LIMITS["estimate"] - draws)
    dtype, key = limits.dtype(dtype), _key(seed)
    real = np.dtype(dtype).type
    _check_memory(f"draws = {draws}", draws * table.size * np.dtype(dtype).itemsize)
    shape = draws, table.size
    result = np.empty(shape, dtype) if out is None else limits.out(out, shape, dtype)
    with _threads(threads):
        draw_concrete(table[None].astype(real), real(temperature), key, first, result)
    return result


@limits.default_errstate
def categorical(
    logits: Any,
    draws: int | None = None,
    *,
    seed: int,
    first: int = 0,
    sampler: str = "auto",
    temperature: Any = 1.0,
    threads: int | None = None,
    out: Any = None,
) -> Int[np.ndarray, "..."]:
    """Draw category indices from softmax(logits / temperature), the same on any machine.

    Parameters
    ----------
    logits
        (categories,) or (rows, categories), finite or -inf, at most 1e30 in size; float64 stays
        float64, other floats are taken as float32, integers as float64
    draws
        draws of each row, or None for one without an axis of its own
    seed
        0 to 2^64 - 1
    first
        number of the first draw; draw d of row r has number first + r × draws + d
    sampler
        name or alias, or "auto", by the number of categories and draws alone; the numbers differ
        between samplers, the law does not
    temperature
        τ, 1e-6 to 1e6, or a list of them that share their noise
    threads
        at most the machine's cores; None for all
    out
        a contiguous int64 array of the result's shape to be filled, instead of a new one

    Returns
    -------
    numpy.ndarray
        int64, with the shape (temperatures, rows, draws) less the axes not given.

    Raises
    ------
    InputError
        For what is out of range, and for more memory than there is.
    """
    given = limits.table(logits)
    table = np.atleast_2d(given)
    axes, shape, temperatures = _axes(given, table, temperature, draws)
    name = registry.sampler_for(sampler, table.shape[1], axes[2])
    first = limits.whole("first", first, 0, philox.LIMITS["estimate"] - axes[1] * axes[2])
    key = _key(seed)
    _check_memory(f"draws = {axes[2]} of {axes[1]} rows", 8 * math.prod(axes), name)
    result = np.empty(shape, np.int64) if out is None else limits.out(out, shape, "int64")
    drawn = result.reshape(axes)
    try:
        with _threads(threads):
            draw_rows(registry.sampler(name), table, temperatures, key, first, drawn)
    except WrongLogitError as error:
        raise limits.wrong_logit(given, *error.place) from None
    return result[()] if out is None else result


@limits.default_errstate
def gumbel_top_k(
    logits: Any,
    k: int,
    draws: int | None = None,
    *,
    seed: int,
    first: int = 0,
    temperature: Any = 1.0,
    threads: int | None = None,
    out: Any = None,
) -> Int[np.ndarray, "... k"]:
    """Draw k categories without replacement: those of the k largest θ/τ + G, the largest first.

    Parameters
    ----------
    logits
        (categories,) or (rows, categories), finite or -inf, at most 1e30 in size
    k
        how many of each draw; at most the categories that are not masked
    draws
        draws of each row, or None for one without an axis of its own
    seed
        0 to 2^64 - 1
    first
        number of the first draw; draw d of row r uses the float64 noise of estimate
        first + r × draws + d, as `gumbel` makes it
    temperature
        τ, 1e-6 to 1e6, or a list of them that share their noise
    threads
        at most the machine's cores; None for all
    out
        a contiguous int64 array of the result's shape to be filled, instead of a new one

    Returns
    -------
    numpy.ndarray
        int64, with the shape (temperatures, rows, draws, k) less the axes not given.

    Raises
    ------
    InputError
        For what is out of range, and for more memory than there is.

    References
    ----------
    Yellott 1977; Kool et al. 2019
    """
    given = limits.table(logits)
    table = np.atleast_2d(given)
    k = limits.whole("k", k, 1, table.shape[1])
    axes, shape, temperatures = _axes(given, table, temperature, draws)
    first = limits.whole("first", first, 0, philox.LIMITS["estimate"] - axes[1] * axes[2])
    key = _key(seed)
    _check_memory(f"draws = {axes[2]} of {axes[1]} rows", 8 * k * math.prod(axes))
    result = (
        np.empty((*shape, k), np.int64) if out is None else limits.out(out, (*shape, k), "int64")
    )
    wrong = np.empty(len(table), np.int64)
    few = table.size * axes[2] <= top_k.TASK_ITEMS
    driver = top_k.draw_alone if few else top_k.draw
    with _threads(threads):
        drawn = result.reshape(*axes, k)
        driver(str(table.dtype))(table, temperatures, key, first, wrong, drawn)
    if (bad := np.flatnonzero(wrong >= 0)).size:
        raise limits.wrong_logit(given, int(bad[0]), int(wrong[bad[0]]))
    if (wrong == top_k.TOO_FEW).any():
        row = int((wrong == top_k.TOO_FEW).argmax())
        where = f"row {row} has" if given.ndim == 2 else "there are"
        left = np.isfinite(table[row]).sum()
        raise InputError(f"k = {k}: {where} {left} categories that are not masked")
    return result


def _axes(
    given: np.ndarray, table: np.ndarray, temperature: Any, draws: int | None
) -> tuple[tuple[int, int, int], tuple[int, ...], np.ndarray]:
    """Temperatures, rows and draws; the shape without those not given; temperatures as floats."""
    temperatures = limits.temperatures(temperature).astype(table.dtype)
    count = 1 if draws is None else limits.whole("draws", draws, 1, philox.LIMITS["estimate"])
    axes = temperatures.size, table.shape[0], count
    named = np.ndim(temperature) > 0, given.ndim == 2, draws is not None
    shape = tuple(size for size, wanted in zip(axes, named, strict=True) if wanted)
    return axes, shape, temperatures


def _check_memory(what: str, needed: float, sampler: str | None = None) -> None:
    memory = machine.memory()
    if memory and needed > memory:
        streams = f" of sampler={sampler!r}" if sampler else ""
        raise InputError(
            f"{what} needs {needed / 2**30:,.0f} GiB of memory; this machine has {memory >> 30}: "
            f"ask for fewer at a time, with `first`{streams}"
        )


def _key(seed: int) -> np.ndarray:
    return np.array(philox.key(limits.whole("seed", seed, *limits.SEEDS)), np.uint32)


@contextlib.contextmanager
def _threads(threads: int | None) -> Iterator[None]:
    """Use so many threads inside a with block."""
    if threads is not None:
        threads = limits.whole("threads", threads, 1, machine.cores())
    with limited(threads):
        yield
