"""What a refused command line is held against, in this process and in one that it starts."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import gumbench
from gumbench.cli import main

TOY = "sweep --problems bernoulli-toy --estimators score --estimates 128 --no-throughput"
LONG = "a" * 300
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(gumbench.__file__).parents[1])}
RUN = "from gumbench.__main__ import main; main()"


def in_a_process(arguments, code=RUN):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        timeout=120,
        check=False,
    )


def contents(folder):
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != ".lock")
    return {str(p): p.read_bytes() for p in files}


def refused(capsys, arguments, message, status=2):
    capsys.readouterr()
    assert main(shlex.split(arguments)) == status
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
