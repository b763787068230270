"""MKL through mkl_random: which generator is fastest depends on the processor's maker."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gumbench.types import Form, Job

PACKAGE, INSTALL = "mkl_random", "pip install mkl_random"
THREADS = 1
GENERATORS = (
    "MT19937",
    "SFMT19937",
    "WH",
    "MT2203",
    "MCG31",
    "MCG59",
    "R250",
    "MRG32K3A",
    "PHILOX4X32X10",
    "ARS5",
)


def _gumbel(generator: str) -> Callable[[Job], Callable[[], Any]]:
    """Standard Gumbels: MKL's law is that of minima, so they are negated, in place."""

    def build(job: Job) -> Callable[[], Any]:
        import mkl_random

        state = mkl_random.MKLRandomState(job.seed, brng=generator)

        def fill() -> Any:
            out = state.gumbel(size=job.count)
            return np.negative(out, out=out)

        return fill

    return build


FORMS = tuple(Form(f"{name} gumbel, negated", "fill", _gumbel(name)) for name in GENERATORS)
