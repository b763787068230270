"""vose: an alias table in Cython."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gumbench.types import Form, Job

PACKAGE, INSTALL = "vose", "pip install vose"
THREADS = 1


def _sampler(job: Job) -> Callable[[], Any]:
    import vose

    weights = np.exp(job.logits[0].astype(float) - job.logits.max())
    table = vose.Sampler(weights / weights.sum(), seed=job.seed)
    return lambda: table.sample(k=job.count)


FORMS = (
    Form(
        "Sampler.sample",
        "draws",
        _sampler,
        fits=lambda job: job.rows == 1 and job.count > 1,
    ),
)
