"""Sweeps in tests measure no time, but for those marked `timed`, which do it in short rounds."""

import shlex
import shutil
from pathlib import Path

import pytest
from refusals import TOY

from gumbench.cli import main
from gumbench.measure.throughput import checks, jobs
from gumbench.spec.schema import SweepSpec
from gumbench.stats import timing

MEASURED = SweepSpec.model_fields["measurements"]
ALL_MEASUREMENTS = MEASURED.default


def measure_by_default(names):
    MEASURED.default = names
    SweepSpec.model_rebuild(force=True)


@pytest.fixture(autouse=True, scope="session")
def little_timing():
    """Of the session's scope: fixtures of a module's scope are made before a function's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timing, "SECONDS_A_ROUND", 1e-4)
        patch.setattr(timing, "ROUNDS", timing.FEWEST_ROUNDS)
        patch.setattr(jobs, "ELEMENTS", 1 << 12)
        patch.setattr(jobs, "MANY_DRAWS", 1 << 10)
        patch.setattr(checks, "CHECKED_ITEMS", 1 << 18)
        measure_by_default(("variance",))
        yield


@pytest.fixture(autouse=True)
def timed(request):
    if not request.node.get_closest_marker("timed"):
        yield
        return
    measure_by_default(ALL_MEASUREMENTS)
    yield
    measure_by_default(("variance",))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished run, not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert main([*shlex.split(TOY), "--output", str(folder)]) == 0
    return folder


@pytest.fixture
def run(finished, place):
    """A copy of a finished run."""
    return Path(shutil.copytree(finished, place / "run"))
