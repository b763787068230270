"""Shapes and types in annotations hold while a sweep runs and tables are made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKED = (
    *("api", "engine", "measure.variance", "report", "stats", "text", "user_code"),
    *("runs.results", "runs.grid", "runs.digest", "runs.store"),
)
RUN = f"""
from jaxtyping import install_import_hook
with install_import_hook([f"gumbench.{{m}}" for m in {CHECKED}], "tower.checked"):
    import numpy as np
    import gumbench
    from gumbench.report.export import export

    quadratic = gumbench.CategoricalProblem(
        np.zeros((2, 3)), lambda x: (x**2).sum((1, 2)), gradient=lambda x: 2 * x, compiled=False
    )
    gumbench.estimate(quadratic, "concrete", 64, temperature=0.5)
    gumbench.exact_gradient(quadratic)
    gumbench.categorical(np.zeros((2, 5)), 7, seed=1, temperature=[0.5, 1.0])
    gumbench.concrete(np.zeros(4), 0.5, 3, seed=1)
    gumbench.gumbel((2, 3), seed=1)
    run = gumbench.sweep(
        "smoke", measurements=["variance"], problems=["gaussian-kl", "categorical-vae"]
    )
    run.compare()
    run.diff(run)
    for style in ("csv", "latex"):
        export(run.records, style=style)
    run.variance
    SPOILED
"""


def ran(spoiled=""):
    code = RUN.replace("SPOILED", spoiled)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_annotations_hold():
    done = ran()
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_wrong_shape_is_seen():
    done = ran(
        "from gumbench.stats.law import law_test; law_test(np.zeros((2, 2), int), np.ones(2))"
    )
    assert "Expected type" in done.stderr or "TypeCheckError" in done.stderr
