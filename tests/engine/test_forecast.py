"""The time promised: from a pilot, with the truth and preparing; functions that sleep test it."""

import dataclasses
import time

import numpy as np
import pytest

import gumbench
from gumbench import measure
from gumbench.engine.forecast import affine
from gumbench.runs.monitor import Monitor

SLEEP = 1e-4


@pytest.fixture
def clock(monkeypatch):
    """A clock that sleeping alone moves: no other program of the machine does."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))


class Watch(Monitor):
    """Keeps what was promised, and how long it took."""

    def __init__(self):
        self.stages = []

    def forecast(self, find):
        self.seconds, self.truth = find()
        self.began = time.perf_counter()

    def stage(self, words):
        self.stages.append(words)

    def finish(self, records):
        self.took = time.perf_counter() - self.began


FILE = """
import time
import numpy as np
import gumbench


def value(x):
    time.sleep({sleep} * len(x))
    return x[:, 0, 0]


def gradient(x):
    time.sleep({sleep} * len(x))
    out = np.zeros(x.shape)
    out[:, 0, 0] = 1.0
    return out


latents = gumbench.CategoricalProblem(
    np.zeros(({variables}, {categories})), value, gradient=gradient, compiled=False
)
"""


@pytest.mark.parametrize(
    ("variables", "categories", "estimator", "truths"),
    [
        (2, 3, "score", False),
        (2, 3, "concrete", False),
        (2, 4, "score-baseline", False),
        (2, 3, "local-expectation", False),
        (12, 4, "score-loo", True),
    ],
)
def test_a_promise_is_kept_where_f_is_slow(
    variables, categories, estimator, truths, tmp_path, clock
):
    """Within a factor of 1.5 by the time that f takes."""
    path = tmp_path / "slow.py"
    sleep = SLEEP / 5 if truths else SLEEP
    text = FILE.format(sleep=sleep, variables=variables, categories=categories)
    path.write_text(text)
    watch = Watch()
    gumbench.sweep(
        problems=[str(path)],
        estimators=[estimator],
        estimates=8192,
        truth_estimates=4096,
        temperatures=[1.0],
        measurements=["variance"],
        monitor=watch,
    )
    assert 1 / 1.5 < sum(watch.seconds) / watch.took < 1.5
    assert ("finding the truth" in watch.stages) and watch.stages[-1] == ""
    assert (watch.truth > 0.3 * sum(watch.seconds)) == truths


def test_the_truth_is_promised_once_for_a_problem(tmp_path, monkeypatch):
    asked = []

    def forecast(cells, threads):
        asked.append(cells[0].estimator)
        return measure.Forecast(1.0, 10.0)

    monkeypatch.setattr(measure.measurement("variance"), "forecast", forecast)
    watch = Watch()
    gumbench.sweep(
        problems=["bernoulli-toy"],
        estimators=["score", "score-loo"],
        estimates=640,
        measurements=["variance"],
        monitor=watch,
    )
    assert asked == ["score", "score-loo"]
    assert watch.seconds == [11.0, 1.0]
    assert watch.truth == 10.0


def test_what_fails_in_the_pilot_is_no_error(monkeypatch):
    monkeypatch.setattr(measure.measurement("variance"), "forecast", lambda *_: 1 / 0)
    watch = Watch()
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score"], "estimates": 640}
    gumbench.sweep(**spec, measurements=["variance"], monitor=watch)
    assert watch.seconds == [0.0]


def test_a_silent_run_makes_no_pilot(monkeypatch):
    monkeypatch.setattr(measure.measurement("variance"), "forecast", lambda *_: 1 / 0)
    monkeypatch.setattr(measure, "forecasts", lambda *_: 1 / 0)
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score"], "estimates": 640}
    assert len(gumbench.sweep(**spec, measurements=["variance"]).records) == 1


def test_seconds_by_rows(clock):
    found = affine(lambda rows: time.sleep(2e-3 + 1e-4 * rows))
    assert found.row == pytest.approx(1e-4, rel=1e-6)
    assert found.fixed == pytest.approx(2e-3, rel=1e-6)
    assert found(100) == pytest.approx(0.012, rel=1e-6)


def test_an_estimated_truth_is_made_once_for_a_problem(tmp_path, monkeypatch):
    """Not once for each of its estimators."""
    from gumbench.engine import exact

    made = []
    real = exact.estimated_truth

    def estimated(bound, seed, estimates):
        made.append(bound.problem.name)
        return real(bound, seed, estimates)

    monkeypatch.setattr(exact, "estimated_truth", estimated)
    gumbench.sweep(
        problems=["categorical-vae"],
        dimensions=[20],
        estimators=["score", "score-loo", "concrete", "straight-through"],
        temperatures=[1.0],
        estimates=128,
        truth_estimates=128,
        measurements=["variance"],
    )
    assert made == ["categorical-vae"]
    assert np.isfinite(dataclasses.astuple(measure.Forecast(1.0))).all()
