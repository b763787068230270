"""vose: an alias table in Cython."""

from collections.abc import Callable
from typing import Any

from scipy import special

from gumbench.types import Form, Job

PACKAGE, INSTALL = "vose", "pip install vose"
THREADS = 1


def _sampler(job: Job) -> Callable[[], Any]:
    import vose

    table = vose.Sampler(special.softmax(job.logits[0].astype(float)), seed=job.seed)
    return lambda: table.sample(k=job.count)


FORMS = (
    Form(
        "Sampler.sample",
        "draws",
        _sampler,
        fits=lambda job: job.one_row() and not job.one_draw(),
    ),
)
