"""An interrupt at any time ends the command with status 130 and says how to continue."""

import os
import signal
import subprocess
import sys
import time

import pytest

COMMAND = [sys.executable, "-m", "gumbench", "sweep", "--problems", "categorical-quadratic"]
LONG = [*COMMAND, "--dimensions", "64", "--estimates", "20000000", "--output"]


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 2.5, 4.0])
def test_interrupt(seconds, tmp_path):
    process = subprocess.Popen(
        [*LONG, tmp_path / "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Interrupted." in err
    if seconds >= 2.5:
        assert "To continue: gumbench sweep" in err


def test_interrupt_while_kernels_compile(tmp_path):
    environment = os.environ | {"GUMBENCH_CACHE_DIR": str(tmp_path / "cache")}
    process = subprocess.Popen(
        [*LONG, tmp_path / "run"], stderr=subprocess.PIPE, text=True, env=environment
    )
    time.sleep(5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Interrupted." in err
