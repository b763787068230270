"""Tests look at what is timed, not at how long it takes."""

import pytest

from gumbench import timing


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch):
    monkeypatch.setattr(timing, "SECONDS_A_ROUND", 1e-4)
    monkeypatch.setattr(timing, "ROUNDS", timing.FEWEST_ROUNDS)
