"""What gumbench is raced against follows the law it should: what is timed is what is checked."""

import dataclasses

import numpy as np
import pytest

from gumbench import peers
from gumbench.measure.throughput.checks import check
from gumbench.types import Form, Job

# torch.compile imports what it says is old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
LEAST_P = 1e-5
LOGITS = np.random.default_rng(3).normal(size=(1, 7))
TARGET = np.random.default_rng(4).uniform(size=7)
SIZES = {"words": 1 << 16, "fill": 1 << 16, "draws": 1, "concrete": 1 << 15, "estimates": 1 << 19}


def jobs():
    """Every form of every library that is here, with a job for it."""
    for library in filter(peers.is_installed, peers.names()):
        for form in peers.library(library).FORMS:
            for dtype in ("float32", "float64") if form.kind in SIZES else ():
                for count in {SIZES[form.kind], 1 << 16} if form.kind == "draws" else {1}:
                    size = count if form.kind == "draws" else SIZES[form.kind]
                    for estimator in ("concrete", "score") if form.kind == "estimates" else ("",):
                        job = job_of(form.kind, size, dtype, estimator)
                        if form.fits(job):
                            name = f"{library} {form.name} {dtype} {size} {estimator}"
                            yield pytest.param(form, job, id=name)


def job_of(kind, count, dtype="float32", estimator=""):
    logits, target = LOGITS.astype(dtype), TARGET.astype(dtype)
    return Job(kind, count, 1, 7, dtype, 0.7, estimator, logits, target)


@pytest.mark.parametrize(("form", "job"), list(jobs()))
def test_law(form, job):
    p = check(form, job)
    assert p is None or p > LEAST_P
    assert (p is None) == (job.kind == "estimates" and form.at_once > 1)


WRONG = {
    "words": lambda out: np.asarray(out) >> 1,
    "fill": lambda out: 1.06 * np.asarray(out),
    "concrete": lambda out: np.roll(np.asarray(out), 1, axis=1),
    "draws": lambda out: np.where(np.asarray(out) == 2, 3, np.asarray(out)),
    "estimates": lambda out: (1.1 * np.asarray(out[0]), np.asarray(out[1])),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_law_is_seen(kind):
    """Of a form of this file, which is right, and then spoiled."""
    right = (
        next(f for f in peers.library("numpy").FORMS if f.kind == kind)
        if kind != "estimates"
        else Form("score", kind, score)
    )
    job = job_of(kind, SIZES[kind], estimator="score" if kind == "estimates" else "")
    assert check(right, job) > LEAST_P

    def build(given):
        call = right.build(given)
        return lambda: WRONG[kind](call())

    assert check(dataclasses.replace(right, build=build), job) < LEAST_P


def score(job):
    """Sums of the score estimator, by NumPy."""
    generator, (row,) = np.random.default_rng(job.seed), job.logits
    p = np.exp(row - row.max()) / np.exp(row - row.max()).sum()

    def estimate():
        x = np.eye(7)[generator.choice(7, job.count, p=p / p.sum())]
        estimates = ((x - job.target) ** 2).sum(1, keepdims=True) * (x - p)
        return estimates.sum(0), (estimates**2).sum(0)

    return estimate


def test_names_of_libraries():
    assert peers.names() == ["gumbench", "jax", "mkl", "numpy", "scipy", "torch", "vose"]
    for name in peers.names():
        assert peers.library(name).INSTALL.startswith("pip install ")
