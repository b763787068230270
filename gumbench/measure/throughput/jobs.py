"""What is to be done: jobs of every shape that was asked for, and laws of their logits."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import special

from gumbench import limits, machine
from gumbench.errors import InputError, unknown
from gumbench.kernels.loops.sampling import first_wrong
from gumbench.kernels.random import noise
from gumbench.types import BATCHES, JOB_KINDS, Job

# Numbers of noise of one call, draws of one row, and what is larger than every cache.
ELEMENTS, MANY_DRAWS, MEMORY = 1 << 20, 1 << 16, 1 << 26
CATEGORIES = (10, 1000, 50_257)
MOST_CATEGORIES = 1 << 22
LAWS = ("normal", "uniform", "zipf", "peaked")
PEAK = 0.999
# Jobs of a grid with samplers alone.
OF_SAMPLERS = ("words", "fill", "draws")
ESTIMATORS = ("concrete", "score")


def rows_of(law: str, rows: int, categories: int) -> np.ndarray:
    """Logits (rows, categories) float64 of a law, or of a file: its rows, over and over."""
    if law not in LAWS:
        given = _of_file(law)
        return given[np.arange(rows) % len(given)]
    if law == "uniform":
        return np.zeros((rows, categories))
    if law == "zipf":
        shuffled = np.argsort(noise.constants("uniform", rows * categories, 0).reshape(rows, -1))
        return -np.log1p(shuffled)
    logits = noise.constants("normal", rows * categories, 0).reshape(rows, categories)
    if law == "peaked" and categories > 1:
        row, top = np.arange(rows), np.arange(rows) % categories
        logits[row, top] = -np.inf
        logits[row, top] = special.logsumexp(logits, axis=1) + np.log(PEAK / (1 - PEAK))
    return logits


def _of_file(path: str) -> np.ndarray:
    """The logits (rows, categories) of a file of NumPy's. Raises InputError for what is none."""
    if not path.endswith(".npy"):
        raise unknown("law of logits", path, [*LAWS, "FILE.npy"])
    try:
        given = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or "it is no array of NumPy's"
        raise InputError(f"cannot read {path}: {reason}") from None
    table = limits.table(given)
    rows = np.atleast_2d(table)
    if (wrong := int(first_wrong(rows))) >= 0:
        raise limits.wrong_logit(table, *divmod(wrong, rows.shape[1]))
    return rows.astype(np.float64)


def _sizes(law: str, dimensions: Sequence[int] | None) -> Sequence[int]:
    """Numbers of categories: those asked for, or those of a file."""
    if law in LAWS:
        return dimensions or CATEGORIES
    size = _of_file(law).shape[1]
    if dimensions and [*dimensions] != [size]:
        raise InputError(f"{law} has {size:,} categories: leave --dimensions out")
    return [size]


def jobs(
    kinds: Iterable[str],
    dimensions: Sequence[int] | None,
    shapes: tuple[Sequence[int] | None, Sequence[int] | None],
    dtypes: Sequence[str],
    threads: Sequence[int],
    laws: Sequence[str],
) -> Iterator[tuple[Job, tuple[tuple[str, Any], ...]]]:
    """Jobs without their logits, and the options of cells that do them.

    shapes : rows, and draws of each; by default one draw of many rows and many of one
    """
    if (most := max(threads)) > machine.cores():
        raise InputError(f"--threads {most}: this machine has {machine.cores()} cores")
    for kind, dtype, count in itertools.product(kinds, dtypes, threads):
        if kind not in JOB_KINDS:
            raise unknown("job", kind, JOB_KINDS)
        for law in laws if kind in ("draws", "concrete") else LAWS[:1]:
            sizes = _sizes(law, dimensions)
            for job in _of_kind(kind, dtype, sizes, shapes):
                options: dict[str, Any] = {"kind": kind, "rows": job.rows, "count": job.count}
                options |= {"threads": count, "logits": law}
                yield job, tuple(options.items())


def _of_kind(
    kind: str, dtype: str, dimensions: Sequence[int], shapes: tuple[Any, Any]
) -> Iterator[Job]:
    if kind in ("words", "fill", "roof"):
        yield Job(kind, MEMORY if kind == "roof" else ELEMENTS, dtype=dtype)
        return
    for categories in dimensions:
        if categories > MOST_CATEGORIES:
            most = f"{MOST_CATEGORIES:,}"
            raise InputError(f"C = {categories}: samplers are timed at up to {most} categories")
        many = max(1, ELEMENTS // categories)
        if kind == "draws":
            rows, draws = shapes
            usual = [(many, 1), (1, MANY_DRAWS)]
            given = list(itertools.product(rows or (1,), draws or (1,)))
            for row_count, count in given if rows or draws else usual:
                yield Job(kind, count, row_count, categories, dtype)
        elif kind == "concrete":
            yield Job(kind, many, 1, categories, dtype)
        else:
            for name in ESTIMATORS:
                yield Job(kind, BATCHES * max(1, many // BATCHES), 1, categories, dtype, 1.0, name)
