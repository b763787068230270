"""Timing in turns, and what the tables and comparisons make of it."""

import math
import time

import numpy as np
import pytest

import gumbench
from gumbench import diagnostics, measure
from gumbench.cli import main
from gumbench.errors import InputError
from gumbench.stats import timing
from gumbench.stats.intervals import log_ratio_of_medians, median_interval

SPEC = {
    "problems": ["categorical-quadratic", "gaussian-kl"],
    "dimensions": [4],
    "estimators": ["score", "score-loo", "concrete", "pathwise", "exact"],
    "temperatures": [0.5, 1.0],
    "estimates": 5000,
}

pytestmark = pytest.mark.timed


@pytest.fixture
def run(tmp_path):
    return gumbench.sweep(**SPEC, output=tmp_path / "run")


def test_one_row_for_each_estimator_whatever_its_temperatures(run):
    names = sorted(zip(run.throughput.problem, run.throughput.name, strict=True))
    assert names == [
        ("categorical-quadratic", "concrete"),
        ("categorical-quadratic", "exact"),
        ("categorical-quadratic", "score"),
        ("categorical-quadratic", "score-loo"),
        ("gaussian-kl", "pathwise"),
        ("gaussian-kl", "score"),
        ("gaussian-kl", "score-loo"),
    ]
    found = run.throughput
    assert (found.nanoseconds_per_element_low <= found.nanoseconds_per_element).all()
    assert (found.nanoseconds_per_element <= found.nanoseconds_per_element_high).all()
    assert np.allclose(found.draws_per_second * found.nanoseconds_per_draw, 1e9)
    elements = {"categorical-quadratic": 4, "gaussian-kl": 4}
    wanted = found.nanoseconds_per_draw / found.problem.map(elements)
    assert np.allclose(found.nanoseconds_per_element.astype(float), wanted.astype(float))


def test_the_time_is_in_the_rows_of_the_variance(run):
    done = run.variance[run.variance.status == "done"]
    assert (done.nanoseconds_per_estimate > 0).all()
    assert (done.prepare_seconds >= 0).all()
    timed = done[done.estimator != "exact"]
    work = timed.variance * timed.nanoseconds_per_estimate * 1e-9
    assert np.allclose(timed.work_variance.astype(float), work.astype(float))
    assert (timed.work_variance_low < timed.work_variance).all()
    assert (timed.work_variance < timed.work_variance_high).all()
    concrete = timed[timed.estimator == "concrete"]
    assert concrete.nanoseconds_per_estimate.nunique() == 1


def test_a_clock_changes_nothing_that_is_reproducible(run, tmp_path):
    again = gumbench.sweep(**SPEC, output=tmp_path / "again")
    first, second = (gumbench.load(tmp_path / name).manifest.sha256 for name in ("run", "again"))
    assert first == second
    assert not run.variance.equals(again.variance)


def test_a_run_goes_on_where_it_was(run, tmp_path, monkeypatch):
    monkeypatch.setattr(timing, "in_turns", None)
    assert gumbench.sweep(**SPEC, output=tmp_path / "run").variance.equals(run.variance)


def test_no_throughput(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = "sweep --problems bernoulli-toy --estimators score --estimates 640 --output run"
    assert main([*words.split(), "--no-throughput"]) == 0
    assert not (tmp_path / "run/throughput.csv").exists()
    assert main(["compare", "run"]) == 0
    assert "cost is evaluations of f" in capsys.readouterr().out
    assert main(["compare", "run", "--cost", "time"]) == 2
    assert "score on bernoulli-toy has no time" in capsys.readouterr().err


def test_compare_counts_in_time_where_it_is_asked_to(run, tmp_path, capsys):
    assert run.compare()[0].cost.name == "evaluations of f"
    found = run.compare(cost="time")[0]
    rows = run.variance[run.variance.problem == "categorical-quadratic"]
    for candidate in found.candidates:
        row = rows[(rows.estimator == candidate.estimator)].iloc[0]
        seconds = 1e-9 * row.nanoseconds_per_estimate + row.prepare_seconds / 1000
        assert candidate.cost == pytest.approx(seconds)
    capsys.readouterr()
    assert main(["compare", str(tmp_path / "run"), "--cost", "time", "--budget", "5ms"]) == 0
    said = capsys.readouterr().out
    assert "cost is the time measured on this problem" in said
    assert "At 5 ms a step: " in said
    assert max(map(len, said.splitlines())) <= 100
    command = ["compare", str(tmp_path / "run"), "--cost", "time", "--budget", "64evaluations"]
    assert main(command) == 2


def test_the_cost_of_f_outweighs_the_toy(run):
    found = run.compare(cost_of_f=0.002)[0]
    by_name = {c.estimator: c for c in found.candidates}
    assert by_name["score"].cost == pytest.approx(0.002, rel=0.01)
    assert by_name["score-loo"].cost == pytest.approx(0.008, rel=0.01)
    assert by_name["concrete"].cost == pytest.approx(0.006, rel=0.01)
    assert by_name["exact"].cost == pytest.approx(0.008, rel=0.2)


def test_preparing_is_timed_and_spread(monkeypatch):
    """A pilot of 65,536 is prepared once for a θ: most of it is charged where that is used once."""
    spec = {"problems": ["gaussian-kl"], "dimensions": [4], "estimators": ["score-baseline"]}
    run = gumbench.sweep(**spec, estimates=640)
    (seconds,) = set(run.variance.prepare_seconds)
    once, often = (
        run.compare(cost="time", reuse=r, oracles=True)[0].candidates[0].cost for r in (1, 1e9)
    )
    assert once - often == pytest.approx(seconds, rel=1e-6)
    assert seconds > 100 * often


def test_plain_python_is_compared_with_its_like(tmp_path, monkeypatch):
    """Its time says nothing about an estimator, so it is ranked apart."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "import gumbench\n\n"
        "@gumbench.estimator('categorical', unbiased=True, cost=gumbench.Cost(values=1))\n"
        "def mine(problem, noise, temperature, inner_samples):\n"
        "    x = gumbench.one_hot((problem.logits + noise.gumbel()).argmax(-1), 4)\n"
        "    return problem.value(x)[:, None, None] * (x - problem.probabilities)\n"
    )
    spec = {"problems": ["categorical-quadratic"], "dimensions": [4], "estimates": 1000}
    run = gumbench.sweep(**spec, estimators=["score", "mine.py"])
    assert [len(c.candidates) for c in run.compare(cost="time")] == [1, 1]
    assert [len(c.candidates) for c in run.compare()] == [2]
    assert set(run.throughput.notes.str.split().str[0].dropna()) <= {"python", "noisy-timing"}


def test_in_turns_measures_a_unit(monkeypatch):
    """By a clock that only the work moves, for a busy machine's own is no measure of that."""
    clock = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def work(units):
        clock[0] += 1e-4 * units

    def double(units):
        clock[0] += 2e-4 * units

    found = timing.in_turns({"one": (work, 10), "two": (double, 10)})
    assert len(found["one"]) == len(found["two"]) == timing.ROUNDS
    np.testing.assert_allclose(found["one"], 1e-4)
    np.testing.assert_allclose(found["two"], 2e-4)


def test_long_rounds_are_few(monkeypatch):
    monkeypatch.setattr(timing, "MOST_SECONDS", 0.0)
    assert len(timing.in_turns({"one": (lambda n: time.sleep(1e-4), 1)})["one"]) == 3


def test_interval_of_a_median():
    """Of 11 normal rounds the interval holds the median at least 95 % of the time."""
    generator = np.random.default_rng(0)
    inside = 0
    for values in generator.normal(size=(2000, 11)):
        middle, low, high = median_interval(values)
        assert low <= middle <= high
        inside += low <= 0 <= high
    assert 0.95 < inside / 2000 < 0.995
    assert median_interval([1.0, 3.0, 2.0]) == (2.0, 1.0, 3.0)


def test_paired_ratios_of_rounds():
    generator = np.random.default_rng(1)
    drift = np.exp(generator.normal(scale=0.5, size=31))
    value, error = log_ratio_of_medians(2 * drift, drift)
    assert value == pytest.approx(math.log(2))
    assert error < 1e-12


def test_a_noisy_row_is_flagged():
    assert diagnostics.of_rounds([1.0, 1.01, 1.0, 0.99, 1.02]) == ()
    assert diagnostics.of_rounds([1.0, 2.0, 1.0, 3.0, 0.5]) == ("noisy-timing",)


def test_a_pass_that_cannot_be_timed_is_kept_apart(tmp_path, monkeypatch):
    module = measure.measurement("estimator_time")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "measure", lambda cells, monitor: 1 / 0)
        run = gumbench.sweep(**SPEC, output=tmp_path / "run")
    assert set(run.throughput.status) == {"error"}
    assert "done" in set(run.variance.status)
    with pytest.raises(InputError, match="has no time"):
        run.compare(cost="time")
    again = gumbench.sweep(**SPEC, output=tmp_path / "run")
    assert set(again.throughput.status) == {"done"}
    assert all(c.cost > 0 for found in again.compare(cost="time") for c in found.candidates)


@pytest.mark.parametrize("least", [1, 190, 50_000])
def test_a_round_is_as_long_as_wanted_and_little_longer(least, monkeypatch):
    monkeypatch.setattr(timing, "SECONDS_A_ROUND", 0.02)
    monkeypatch.setattr(timing, "clocked", lambda work, units: 1e-6 * units)
    units, seconds = timing.calibrate(lambda units: None, least)
    assert seconds == pytest.approx(1e-6)
    assert units % least == 0
    assert 20_000 <= units <= max(1.2 * 20_000, least)
