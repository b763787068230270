"""What a screen shows, held against kept texts at four widths.

PYTHONPATH=tests python tests/cli/test_screens.py writes them anew; they are to be looked at before
they are kept.
"""

import contextlib
import dataclasses
import io
import os
import shlex
import sys
import tempfile
from pathlib import Path

import pytest
from fake_records import CELL

import gumbench
from gumbench.cli import main, screen
from gumbench.report import summary
from gumbench.types import Cell, Record

SCREENS = Path(__file__).parent / "screens"
WIDTHS = (60, 80, 100, 160)
SPEC = {
    "grid": [
        {
            "problems": ["categorical-quadratic"],
            "estimators": [
                *("concrete", "exact", "gumbel-score", "local-expectation", "score"),
                *("score-baseline", "score-loo", "score-mean", "st-gumbel-softmax"),
                "straight-through",
            ],
            "dimensions": [4, 16],
            "temperatures": [0.5, 1.0],
        },
        {
            "problems": ["gaussian-kl"],
            "estimators": [
                *("pathwise", "score", "score-baseline", "score-loo", "score-mean"),
                "sticking-the-landing",
            ],
            "dimensions": [2],
        },
    ],
    "estimates": 20_000,
    "measurements": ["variance"],
}
COMMANDS = (
    "compare run",
    "compare run --where problem=gaussian-kl --where part=mean --budget 12evaluations --oracles",
    "compare run --cost-of-f 2ms --cost-of-gradient 5ms --every-temperature --where dimension=4",
    "compare run --cost time --by error --where dimension=16",
    "diff run other",
    "diff run other --fail-above 1000%",
    "explain score-baseline",
    "export run --format latex --where dimension=4,16 --best-temperature",
    "export run --format markdown --where estimator=concrete --down temperature --across dimension",
)


def with_clock(record, number):
    """A record with a time of its own that no clock has measured."""
    rounds = [1e-9 * (10 + 7 * number) * (1 + 0.01 * i) for i in range(11)]
    return dataclasses.replace(record, clock={"rounds": rounds, "prepare_seconds": 1e-6 * number})


def sampler(name, number, draws):
    """A record of a sampler that nobody has timed."""
    facts = {"measurement": "throughput", "dimension": 1000, "sampler": name, "estimator": ""}
    options = {"kind": "draws", "library": "gumbench", "rows": 1000 // draws or 1, "count": draws}
    facts["options"] = (*options.items(), ("threads", 1), ("logits", "normal"))
    cell = Cell(**{**CELL, **facts, "problem": ""})
    clock = {"rounds": [1e-7 * number / draws] * 11, "roof": [1e-11] * 11 if draws == 1 else None}
    facts = {"threads": 1, "threading_layer": "omp", "vector_bits": 512, "check_p": 0.5}
    return Record(name, "throughput", cell, "done", facts | {"elements": 1000}, (), "", clock)


def made():
    """A run and another of a second seed, in this folder."""
    for name, seed in (("run", 0), ("other", 1)):
        run = gumbench.sweep({**SPEC, "seed": seed})
        records = (with_clock(r, n % 9) for n, r in enumerate(run.records))
        gumbench.Results(records, run.spec, run.manifest).save(name)


def screens(width):
    """All that is shown at a width."""
    os.environ["COLUMNS"] = str(width)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run = gumbench.load("run")
        samplers = [sampler("gumbel-max-textbook", 7, 1), sampler("alias", 3, 500)]
        run.records = (*run.records, *samplers)
        for table in summary.of_sweep(run.records):
            screen.show(table)
        for command in COMMANDS:
            print(f"$ gumbench {command}")
            assert main(shlex.split(command)) == 0
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with (
        contextlib.chdir(tmp_path_factory.mktemp("screens")),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("COLUMNS", "100")
        made()
        yield


@pytest.mark.parametrize("width", WIDTHS)
def test_screens_are_the_ones_that_were_looked_at(width, place):
    assert screens(width) == (SCREENS / f"{width}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_its_screen_but_what_is_copied(width):
    lines = (SCREENS / f"{width}.txt").read_text(encoding="utf-8").splitlines()
    exported = next(i for i, line in enumerate(lines) if "export run --format latex" in line)
    whole = ("$ ", "  example")
    shown = [line for line in lines[:exported] if not line.startswith(whole)]
    assert max(map(len, shown)) <= width


if __name__ == "__main__":
    SCREENS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        made()
        for columns in WIDTHS:
            (SCREENS / f"{columns}.txt").write_text(screens(columns), encoding="utf-8")
    sys.exit(0)
