"""An interrupt at any time ends the command with status 130 and says how to continue."""

import os
import signal
import subprocess
import sys
import time

import pytest
import typer

from gumbench.__main__ import main

COMMAND = [sys.executable, "-m", "gumbench", "sweep", "--problems", "categorical-quadratic"]
LONG = [*COMMAND, "--dimensions", "64", "--estimates", "20000000", "--output"]


def start(folder, environment=None):
    """The command, with interrupts that whoever runs the tests may have switched off."""
    return subprocess.Popen(
        [*LONG, folder],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 2.5, 4.0])
def test_interrupt(seconds, tmp_path):
    process = start(tmp_path / "run")
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
    process = start(tmp_path / "run", environment)
    time.sleep(5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "Interrupted." in err


@pytest.mark.parametrize("error", [KeyboardInterrupt, typer.Abort])
def test_interrupt_while_arguments_are_read(error, monkeypatch, capsys):
    def interrupted(*_):
        raise error

    monkeypatch.setattr("gumbench.machine.version", interrupted)
    monkeypatch.setattr(sys, "argv", ["gumbench", "--version"])
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    assert capsys.readouterr().err == "Interrupted.\n"
