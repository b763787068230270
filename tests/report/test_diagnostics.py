"""Every note is said where its condition holds, with its numbers, and nowhere else."""

import dataclasses
import shlex

import pytest

import gumbench
from gumbench import diagnostics
from gumbench.cli import main
from gumbench.types import Record

pytestmark = pytest.mark.usefixtures("place")

FINE = "--problems bernoulli-toy --estimators score --estimates 6400"
# What is typed, the code of the note (and whether it is in the table), and words of it.
NOTED = [
    (
        "--problems gaussian-kl --dimensions 1 --estimators score --set sigma=30 --estimates 128",
        "wide-interval",
        ["the variance of score on gaussian-kl 1 is known to", "--estimates", "instead of 128"],
    ),
    (
        "--problems bernoulli-toy --estimators concrete --temperatures 2e-4 --estimates 6400",
        "heavy-tail",
        ["one of 64 batches holds", "of the variance of concrete at τ = 0.0002", "64000"],
    ),
    (
        "--problems bernoulli-toy --estimators concrete --temperatures 0.5,1e-6 --estimates 640",
        "zero-gradient",
        ["nearly all estimates of concrete at τ = 1e-06", "larger --temperatures than 1e-06"],
    ),
    (
        "--problems categorical-linear --dimensions 4 --estimators score --set offset=1e5 "
        "--estimates 640 --dtype float32",
        "float32-rounding",
        ["times as large as its standard deviation", "--dtype float64 instead of float32"],
    ),
]


def swept(arguments, capsys):
    """What a sweep says on stderr, in one line, and the notes in its table."""
    assert main(["sweep", *shlex.split(arguments), "--output", "run"]) in (0, 1, 3)
    said = " ".join(capsys.readouterr().err.split())
    return said, set(" ".join(gumbench.load("run").variance.notes).split())


@pytest.mark.parametrize(("arguments", "code", "words"), NOTED, ids=[row[1] for row in NOTED])
def test_a_condition_that_holds(arguments, code, words, capsys):
    said, codes = swept(arguments, capsys)
    assert code in codes
    for word in words:
        assert word in said


def test_nothing_is_said_of_a_good_run(capsys):
    said, codes = swept(FINE, capsys)
    assert "note:" not in said
    assert not codes


def test_a_wrong_claim_to_be_unbiased(tmp_path, capsys):
    """The seed is printed, for it is a bug."""
    (tmp_path / "half.py").write_text(
        "import gumbench\n\n"
        "@gumbench.estimator('categorical', unbiased=True, cost=gumbench.Cost(values=1))\n"
        "def half(problem, noise, temperature, inner_samples):\n"
        "    x = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), 2)\n"
        "    return problem.value(x)[:, None, None] * (x - problem.probabilities) / 2\n"
    )
    said, codes = swept(
        "--problems bernoulli-sum --dimensions 3 --set t=9 --estimators half.py --estimates 20000 "
        "--seed 7",
        capsys,
    )
    assert codes == {"bias-seen", "python"}
    assert "half.py:half on bernoulli-sum 3 is declared unbiased" in said
    assert "seed 7; try another --seed instead of 7" in said


def test_the_count_that_would_do_does(capsys):
    """The first forecast is made from 128 estimates of a heavy tail; the next ones are better."""
    flags = "--problems gaussian-kl --dimensions 1 --estimators score --set sigma=30 --force"
    count, tries = 128, 0
    while True:
        said, codes = swept(f"{flags} --estimates {count}", capsys)
        if "wide-interval" not in codes:
            break
        before, count = count, int(said.split("--estimates ")[1].split()[0])
        tries += 1
        assert before < count < 100_000
    assert 1 <= tries <= 3


def test_an_estimate_that_is_not_finite(capsys):
    said, _ = swept(
        "--problems gaussian-kl --dimensions 1 --estimators score --set mu=1e30 --estimates 640",
        capsys,
    )
    assert "not finite in 64 of 64 batches, the first number 0 of batch 0" in said


def test_an_axis_that_nobody_takes(capsys):
    said, _ = swept(FINE + " --temperatures 1 --inner-samples 2", capsys)
    assert "note: no estimator here takes temperatures; they are not used" in said
    assert "note: no estimator here takes inner samples; they are not used" in said


def test_what_a_preset_asks_in_vain_is_not_said(capsys):
    """Nobody asked for it; what was typed is another matter."""
    assert main(["sweep", "smoke", "--dry-run"]) == 0
    assert "note:" not in capsys.readouterr().err
    assert main(["sweep", "smoke", "--dimensions", "2,4", "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "note: bernoulli-toy does not allow D = 2: allowed is 1; left out" in said


def test_estimates_that_are_rounded_up_are_said(capsys):
    said, _ = swept("--problems bernoulli-toy --estimators score --estimates 50000", capsys)
    assert "note: 50,048 estimates are made, 782 in each of 64 batches, instead of 50,000" in said
    said, _ = swept("--problems bernoulli-toy --estimators score --estimates 6400 --force", capsys)
    assert "instead of" not in said


def test_outcomes_that_were_hardly_ever_drawn(capsys, tmp_path):
    (tmp_path / "toy.py").write_text(
        "import numpy as np\nimport gumbench\n\n"
        "def value(x):\n    return x[:, 0] @ np.array([1.0, 7.0, 1.001])\n\n"
        "toy = gumbench.CategoricalProblem(np.log([0.37, 1e-5, 0.63]), value, compiled=False)\n"
    )
    said, codes = swept("--problems toy.py --estimators score-mean --estimates 6400", capsys)
    assert "rare-outcomes" in codes
    assert "note: outcomes drawn 0.064 times in all estimates may add" in said
    assert "--estimates 1000000 instead of 6400 would see them" in said


def test_times_that_vary_are_said():
    record = dataclasses.replace(
        Record("k", "estimator_time", {}, "done"), notes=("noisy-timing",), clock={"rounds": [1.0]}
    )
    (note,) = diagnostics.of_noisy_timing([record])
    assert str(note).startswith("1 of 1 times vary by more than 15 % among rounds; other programs")
    assert not list(diagnostics.of_noisy_timing([dataclasses.replace(record, notes=())]))


def test_everything_done_before(capsys):
    swept(FINE, capsys)
    said, _ = swept(FINE, capsys)
    assert "everything was done before; nothing was computed" in said


def test_runs_of_different_machines(capsys):
    swept(FINE, capsys)
    there = gumbench.load("run")
    there.manifest.machine["vector_bits"] = 64
    there.save("there")
    assert main(["diff", "run", "there"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "the runs differ in vector_bits" in said
    assert "and 64" in said


def test_all_conditions_are_tested():
    assert {row[1] for row in NOTED} | {"bias-seen", "rare-outcomes"} == set(diagnostics.CONDITIONS)
