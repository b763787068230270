"""SciPy: tables for many draws of one row."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gumbench.types import Form, Job

PACKAGE, INSTALL = "scipy", "pip install scipy"
THREADS = 1


def _table(name: str, **options: Any) -> Callable[[Job], Callable[[], Any]]:
    def build(job: Job) -> Callable[[], Any]:
        from scipy.stats import sampling

        weights = np.exp(job.logits[0].astype(float) - job.logits.max())
        generator = np.random.Generator(np.random.SFC64(job.seed))
        table = getattr(sampling, name)(weights / weights.sum(), random_state=generator, **options)
        return lambda: table.rvs(job.count)

    return build


def _one_row(job: Job) -> bool:
    return job.rows == 1 and job.categories > 1


FORMS = (
    Form("DiscreteAliasUrn", "draws", _table("DiscreteAliasUrn"), fits=_one_row),
    Form(
        "DiscreteGuideTable(guide_factor=3)",
        "draws",
        _table("DiscreteGuideTable", guide_factor=3),
        fits=_one_row,
    ),
)
