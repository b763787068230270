"""Sweeps in tests measure no time, but for those marked `timed`, which do it in short rounds."""

import pytest

from gumbench import config, timing
from gumbench.measure import sampling


@pytest.fixture(autouse=True)
def little_timing(request, monkeypatch):
    monkeypatch.setattr(timing, "SECONDS_A_ROUND", 1e-4)
    monkeypatch.setattr(timing, "ROUNDS", timing.FEWEST_ROUNDS)
    monkeypatch.setattr(sampling, "ITEMS", 1 << 12)
    monkeypatch.setattr(sampling, "MANY_DRAWS", 1 << 10)
    monkeypatch.setattr(sampling, "CHECKED_ITEMS", 1 << 18)
    if not request.node.get_closest_marker("timed"):
        monkeypatch.setattr(config, "MEASUREMENTS", ("variance",))
