"""Sweeps in tests measure no time, but for those marked `timed`, which do it in short rounds."""

import pytest

from gumbench import config, timing
from gumbench.measure import sampling

ALL_MEASUREMENTS = config.MEASUREMENTS


@pytest.fixture(autouse=True, scope="session")
def little_timing():
    """Of the session's scope: fixtures of a module's scope are made before a function's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "SECONDS_A_ROUND", 1e-4)
        patch.setattr(timing, "ROUNDS", timing.FEWEST_ROUNDS)
        patch.setattr(sampling, "ITEMS", 1 << 12)
        patch.setattr(sampling, "MANY_DRAWS", 1 << 10)
        patch.setattr(sampling, "CHECKED_ITEMS", 1 << 18)
        patch.setattr(config, "MEASUREMENTS", ("variance",))
        yield


@pytest.fixture(autouse=True)
def timed(request, monkeypatch):
    if request.node.get_closest_marker("timed"):
        monkeypatch.setattr(config, "MEASUREMENTS", ALL_MEASUREMENTS)
