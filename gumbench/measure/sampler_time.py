"""Nanoseconds of one draw of each sampler, next to the random words and to a fill of Gumbels.

Samplers of a number of categories are timed in turns on one thread: one draw from each of many rows
of normal logits, and for those with a table many draws from one row. Each is also held against the
law, by χ².
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numba
import numpy as np

from gumbench import diagnostics, machine, registry
from gumbench.engine.forecast import Forecast
from gumbench.engine.moments import Silent
from gumbench.kernels.compiler import jit
from gumbench.kernels.compiler.arrays import empty
from gumbench.kernels.compiler.threads import limited
from gumbench.kernels.loops import sampling
from gumbench.kernels.random import noise, philox
from gumbench.stats import timing
from gumbench.stats.law import law_test
from gumbench.types import Cell, Record, Sampler

ITEMS = 1 << 20
MANY_DRAWS = 1 << 16
CHECKED_ITEMS = 1 << 27
MOST_CHECKED = 1 << 16
KEY = np.array(philox.key(0), np.uint32)


def pass_key(cell: Cell) -> str:
    """Equal for cells that are timed in turns."""
    return json.dumps([cell.dimension, cell.dtype])


def shapes(cell: Cell) -> Any:
    """Rows and draws of each that a sampler is timed at."""
    rows = max(1, ITEMS // cell.dimension)
    table = registry.sampler(cell.sampler).table_size(1) > 0
    return [(rows, 1), (1, MANY_DRAWS)] if table else [(rows, 1)]


def tasks(cells: Sequence[Cell]) -> Any:
    """What a pass compiles, as jit.Tasks."""
    dtype = cells[0].dtype
    for build in (noise.gumbel_rows, noise.fill_array, sampling.draw):
        yield jit.Task(build, (dtype,))
    for cell in cells:
        yield from sampling.tasks(registry.sampler(cell.sampler), dtype)
    yield from sampling.tasks(WORDS, dtype)


def measure(cells: Sequence[Cell], monitor: Any = None) -> list[Record]:
    """Records of cells that share their number of categories."""
    monitor = monitor or Silent()
    size, dtype = cells[0].dimension, cells[0].dtype
    rows = max(1, ITEMS // size)
    logits = noise.constants("normal", rows * size, 0).reshape(rows, size).astype(dtype)
    works = {"bits": _draws(WORDS, logits, 1), "gumbel": _fill(logits)}
    for cell in cells:
        sampler = registry.sampler(cell.sampler)
        works |= {(cell.key, s): _draws(sampler, logits[: s[0]], s[1]) for s in shapes(cell)}
    with limited(1):
        rounds = timing.in_turns(works, monitor.progress)
    return [_record(cell, rounds, logits, cell is cells[0]) for cell in cells]


def words_kernel(
    logits: np.ndarray,
    temperatures: np.ndarray,
    tables: np.ndarray,
    key: np.ndarray,
    first: Any,
    out: np.ndarray,
) -> None:
    """The random words of every draw, and nothing else; of short rows, of many draws at once."""
    categories, numbers = logits.shape[1], out.shape[1] * out.shape[2]
    many = categories > noise.SHORT_ROW
    words = empty((4, min(256, (categories + 3) // 4) if many else 256), np.uint32)
    for number in range(0, numbers, 1 if many else words.shape[1]):
        for category in range(0, categories, words.size if many else 4):
            if many:
                noise.row_words(words, category, key, first + number, philox.NOISE)
            else:
                place = (key[0], key[1]), first + number, 0, 0, philox.NOISE
                noise.fill_words(words, category, *place)
    out[:] = np.int64(words[0, 0])


WORDS = Sampler(kernel=words_kernel, formula="", resolution=32)


def _draws(sampler: Sampler, logits: np.ndarray, draws: int) -> Any:
    """Work of `units` draws, and the least of them."""
    temperatures = np.ones(1, logits.dtype)
    out = np.empty((1, logits.shape[0], draws), np.int64)

    def work(wanted: int) -> None:
        for _ in range(wanted // out.size):
            sampling.draw_rows(sampler, logits, temperatures, KEY, 0, out)

    return work, out.size


def _fill(logits: np.ndarray) -> Any:
    """Work of as many rows of Gumbels."""
    out, dtype, real = np.empty_like(logits), str(logits.dtype), logits.dtype.type
    rows, fill = noise.gumbel_rows(dtype), noise.fill_array(dtype)

    def work(wanted: int) -> None:
        for _ in range(wanted // len(out)):
            rows(fill, KEY, 0, real(0.0), real(1.0), out)

    return work, len(out)


def _record(cell: Cell, rounds: Mapping[str, Any], logits: np.ndarray, first: Any) -> Record:
    """A cell's record; that of the first has the random words and the fill besides."""
    kinds: list = [("sampler", (cell.key, shape), shape) for shape in shapes(cell)]
    kinds += [("bits", "bits", None), ("gumbel", "gumbel", None)] if first else []
    return Record(
        key=cell.key,
        measurement=cell.measurement,
        cell=cell,
        status="done",
        result={
            "threads": 1,
            "threading_layer": numba.threading_layer(),
            "vector_bits": machine.vector_bits(),
            "check_p": _check(cell, logits[0]),
        },
        notes=tuple(
            dict.fromkeys(
                code for _, name, _ in kinds for code in diagnostics.of_rounds(rounds[name])
            )
        ),
        clock={
            "works": [
                {
                    "kind": kind,
                    "rows": shape and shape[0],
                    "draws": shape and shape[1],
                    "rounds": rounds[name],
                    "bits": rounds["bits"],
                }
                for kind, name, shape in kinds
            ]
        },
    )


def _check(cell: Cell, logits: np.ndarray) -> Any:
    """p of the law of many draws from one row."""
    draws = min(MOST_CHECKED, CHECKED_ITEMS // cell.dimension)
    sampler = registry.sampler(cell.sampler)
    ones, drawn = np.ones(1, logits.dtype), np.empty((1, 1, draws), np.int64)
    sampling.draw_rows(sampler, logits[None], ones, KEY, 0, drawn)
    weight = np.exp(logits.astype(float) - logits.max())
    return law_test(drawn[0, 0], weight / weight.sum())


def forecast(cells: Sequence[Cell], threads: int) -> Forecast:
    """The forecast.Forecast of a pass: its rounds, and what goes before them."""
    works = 2 + sum(len(shapes(c)) for c in cells)
    return Forecast((works + 2) * (timing.ROUNDS + 3) * timing.SECONDS_A_ROUND)
