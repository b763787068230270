"""The files of a user's own code in user_files/, what is said of them, and the table of a run."""

import csv
import shlex
from pathlib import Path

from gumbench.cli import main

USER_FILES = Path(__file__).parent / "user_files"
COMPILED = """
import numpy as np
import gumbench
from gumbench.distributions.categorical import probability_table
from gumbench.kernels.blocks import simplex


def kernel(noise, temperature, prepared, objective, out, theta_gradient):
    _, categories, block = out.shape
    category = noise.draws[0]
    f = np.empty(block, out.dtype)
    simplex.value_of_draw(category, objective, 0, categories, f)
    for b in range(block):
        f[b] *= prepared[prepared.size - 1]
    simplex.score(prepared, category, f, out)


def prepare(preparation):
    return np.append(probability_table(preparation), preparation.settings["scale"])


scaled = gumbench.Estimator(
    family="categorical", kernel=kernel, prepare=prepare, unbiased=False,
    noise=lambda k: [gumbench.Noise("draw")], settings={"scale": 1.0},
    cost=lambda sizes: gumbench.Cost(1, at_draws=True),
)
"""
GOOD, RULES, FAULTY = (f"{USER_FILES}/{name}.py" for name in ("good", "rules", "faulty"))


def refused(capsys, arguments):
    """What a command says that ends with status 2 and writes nothing."""
    capsys.readouterr()
    before = sorted(Path.cwd().rglob("*"))
    assert main(shlex.split(f"sweep --estimates 128 {arguments}")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    after = (p for p in Path.cwd().rglob("*") if "__pycache__" not in p.parts)
    assert sorted(after) == before
    return said.err


def table(folder):
    with open(Path(folder) / "variance.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
