"""Sweeps in tests measure no time, but for those marked `timed`, which do it in short rounds."""

import pytest

from gumbench import config, timing


@pytest.fixture(autouse=True)
def little_timing(request, monkeypatch):
    monkeypatch.setattr(timing, "SECONDS_A_ROUND", 1e-4)
    monkeypatch.setattr(timing, "ROUNDS", timing.FEWEST_ROUNDS)
    if not request.node.get_closest_marker("timed"):
        monkeypatch.setattr(config, "MEASUREMENTS", ("variance",))
