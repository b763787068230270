"""SciPy: tables for many draws of one row."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from gumbench.types import Form, Job

PACKAGE, INSTALL = "scipy", "pip install scipy"
THREADS = 1


def _table(name: str, **options: Any) -> Callable[[Job], Callable[[], Any]]:
    def build(job: Job) -> Callable[[], Any]:
        from scipy.stats import sampling

        generator = np.random.Generator(np.random.SFC64(job.seed))
        table = getattr(sampling, name)(
            special.softmax(job.logits[0].astype(float)), random_state=generator, **options
        )
        return lambda: table.rvs(job.count)

    return build


def _fits(job: Job) -> bool:
    return job.one_row() and job.categories > 1


FORMS = (
    Form("DiscreteAliasUrn", "draws", _table("DiscreteAliasUrn"), fits=_fits),
    Form(
        "DiscreteGuideTable(guide_factor=3)",
        "draws",
        _table("DiscreteGuideTable", guide_factor=3),
        fits=_fits,
    ),
)
