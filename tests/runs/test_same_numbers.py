"""The same bits, however a cell is computed."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import gumbench
from gumbench.engine import moments
from gumbench.engine.bound_estimator import bind_estimator
from gumbench.engine.bound_problem import BoundProblem
from gumbench.engine.moments import Grouping
from gumbench.errors import StoppedError
from gumbench.kernels.loops import driver, records
from gumbench.measure import variance
from gumbench.registry import estimators, make_problem
from gumbench.report import tables
from gumbench.runs import run
from gumbench.runs.monitor import Monitor
from gumbench.runs.plan import plan

# One of each kind of noise and draw, and none that evaluates f hundreds of times.
ESTIMATORS = [
    *("arm", "augment-reinforce", "carms", "concrete", "exact", "gumbel-rao", "local-expectation"),
    *("measure-valued", "pathwise", "pathwise-rqmc", "rebar", "redge", "reinmax", "score"),
    *("score-antithetic", "score-baseline", "score-loo", "st-gumbel-softmax", "straight-through"),
    *("stratified", "unordered-set"),
]
SPEC = {
    "problems": ["categorical-quadratic", "bernoulli-sum", "gaussian-kl"],
    "estimators": ESTIMATORS,
    "dimensions": [3, 70],
    "temperatures": [0.3, 1.0],
    "estimates": 6_000,
    "seed": 5,
    "measurements": ["variance"],
}


def rows_by_cell(results):
    rows = results.rows("variance")
    text = tables.csv_text("variance", rows, clock=False).split("\n")[1:-1]
    found = {}
    for row, line in zip(rows, text, strict=True):
        found.setdefault(row["cell"], []).append(line)
    return found


@pytest.fixture(scope="module")
def whole():
    return rows_by_cell(gumbench.sweep(**SPEC))


@pytest.mark.parametrize("threads", [1, 2])
def test_threads(whole, threads):
    if threads <= (os.cpu_count() or 1):
        assert rows_by_cell(gumbench.sweep(**SPEC, threads=threads)) == whole


def test_order(whole):
    turned = {k: v[::-1] if isinstance(v, list) else v for k, v in SPEC.items()}
    assert rows_by_cell(gumbench.sweep(**turned)) == whole


def test_a_cell_alone(whole):
    alone = SPEC | {
        "problems": ["categorical-quadratic"],
        "dimensions": [70],
        "estimators": ["concrete"],
        "temperatures": [1.0],
    }
    found = rows_by_cell(gumbench.sweep(**alone))
    assert len(found) == 1
    assert all(whole[key] == lines for key, lines in found.items())


def test_another_seed_gives_other_numbers(whole):
    assert not set(rows_by_cell(gumbench.sweep(**SPEC | {"seed": 6}))) & set(whole)


@pytest.mark.parametrize("block", [32, 96, 544, 1024])
def test_block(whole, block, monkeypatch):
    monkeypatch.setattr(driver, "block_size", lambda elements: block)
    assert rows_by_cell(gumbench.sweep(**SPEC)) == whole


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (moments, "LONGEST_CALL", 32),
        (moments, "ITEMS_OF_SUMS", 700),
        (variance, "ITEMS_OF_MEANS", 1),
    ],
)
def test_slices_and_groups_of_batches_and_of_temperatures(whole, module, name, value, monkeypatch):
    monkeypatch.setattr(module, name, value)
    assert rows_by_cell(gumbench.sweep(**SPEC)) == whole


SCRIPT = """
import hashlib, json, sys
import gumbench
from gumbench.report import tables
spec = json.loads(sys.argv[1])
text = tables.csv_text("variance", gumbench.sweep(**spec).rows("variance"), clock=False)
print(hashlib.sha256(text.encode()).hexdigest())
"""


FEW = ["concrete", "score-loo", "pathwise"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dtype", "estimators"),
    [
        ("float32", ESTIMATORS),
        ("float64", FEW),
    ],
)
def test_vector_width(dtype, estimators):
    import json

    problems = {"problems": ["categorical-quadratic", "gaussian-kl"], "dimensions": [3, 33]}
    spec = SPEC | problems | {"dtype": dtype, "estimators": estimators}
    found = set()
    for bits in ("128", "256", "512"):
        environment = os.environ | {"GUMBENCH_VECTOR_BITS": bits}
        command = [sys.executable, "-c", SCRIPT, json.dumps(spec)]
        found.add(subprocess.check_output(command, env=environment, text=True))
    assert len(found) == 1


def bound_estimator(estimator, inner=None):
    problem = make_problem("categorical-quadratic", 6)
    found = estimators(estimator)["categorical"]
    return bind_estimator(BoundProblem(problem, "float32"), found, [0.5], inner, 9)


@pytest.mark.parametrize(("estimator", "inner"), [("concrete", None), ("score-loo", 3)])
def test_more_estimates_extend_the_same_batch(estimator, inner):
    made = bound_estimator(estimator, inner)
    long = made.collect(7, 0, 500)
    np.testing.assert_array_equal(made.collect(7, 0, 100), long[:100])
    np.testing.assert_array_equal(made.collect(7, 48, 100), long[48:148])
    assert not np.array_equal(made.collect(8, 0, 100), long[:100])


def test_estimates_beyond_two_to_the_32_are_the_places_they_name():
    made = bound_estimator("concrete")
    first = 2**32 - 8
    across = made.collect(0, first, 32)
    np.testing.assert_array_equal(made.collect(0, first + 16, 16), across[16:])
    assert not np.array_equal(across[8:24], made.collect(0, 0, 16))


CONTINUED = """
import sys
import gumbench
from gumbench.runs import run
run.CHECKPOINT_SECONDS = 0.05
gumbench.sweep(output=sys.argv[1], problems=["categorical-quadratic", "gaussian-kl"],
               estimators=["concrete", "score", "score-loo", "local-expectation", "pathwise"],
               dimensions=[40], temperatures=[0.3, 1.0], estimates=int(sys.argv[2]),
               measurements=["variance"])
"""
MANY, FEW = "5000000", "128"


def reproducible(folder):
    rows = gumbench.load(folder).rows("variance")
    return hashlib.sha256(tables.csv_text("variance", rows, clock=False).encode()).hexdigest()


@pytest.mark.slow
def test_killed_at_ten_moments_and_continued(tmp_path):
    command = [sys.executable, "-c", CONTINUED]
    seconds = {}
    for estimates in (FEW, FEW, MANY):
        began = time.monotonic()
        subprocess.run([*command, tmp_path / f"run-{estimates}", estimates], check=True)
        seconds[estimates] = time.monotonic() - began
    generator = random.Random(0)
    for _ in range(10):
        process = subprocess.Popen([*command, tmp_path / "killed", MANY])
        share = generator.uniform(0.0, 0.15)
        time.sleep(seconds[FEW] + share * max(seconds[MANY] - seconds[FEW], 0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([*command, tmp_path / "killed", MANY], check=True)
    assert reproducible(tmp_path / "killed") == reproducible(tmp_path / f"run-{MANY}")
    assert not (tmp_path / "killed" / "checkpoint.npz").exists()


def test_a_checkpoint_is_taken_up(tmp_path, monkeypatch):
    spec = {"problems": ["categorical-quadratic"], "dimensions": [64], "estimators": ["concrete"]}
    spec |= {"temperatures": [0.5], "estimates": 400_000}
    monkeypatch.setattr(run, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(moments, "LONGEST_CALL", 512)
    starts = []

    class Stop(Exception):
        pass

    class Interrupting(Monitor):
        def progress(self, fraction):
            starts.append(fraction)
            if fraction > 0.5 and not self.resumed:
                raise Stop

    monitor = Interrupting()
    monitor.resumed = False
    with pytest.raises(StoppedError):
        planned = plan(checked(spec), tmp_path / "run")
        run.run(planned, monitor, fail_fast=True)
    monitor.resumed = True
    starts.clear()
    taken_up = run.run(plan(checked(spec), tmp_path / "run"), monitor, fail_fast=True)
    assert starts[0] > 0.4
    assert rows_by_cell(taken_up) == rows_by_cell(gumbench.sweep(**spec))


def checked(spec):
    from gumbench.spec import schema

    return schema.checked_spec(schema.merge({}, spec), "test")


@pytest.mark.parametrize(("place", "expected"), [(None, -1), (5, 5), (700, 700), (1023, 1023)])
def test_the_first_estimate_that_is_not_finite(place, expected):
    """Finite numbers whose sum overflows are none."""
    bound = BoundProblem(make_problem("categorical-quadratic", 1), "float64")
    grouping = Grouping(bound, np.zeros(1))
    sums = records.no_sums(1, 1, 1, grouping.rows)
    estimates = np.full((1, 1024), 1e308 if place is None else 1.0)
    if place is not None:
        estimates[0, place] = np.nan
    driver.add("float64")(estimates, 1024, 0, grouping.driver, 0, 0, sums)
    assert sums.not_finite[0, 0] == expected
