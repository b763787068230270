"""Make results/reference/: the default sweep's tables and screen, and races with other libraries.

    pip install -e '.[peers]' && python benchmarks/reference.py [sweep|speed ...]

README shows what is in there: `python benchmarks/readme.py` writes it in.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from readme import ROOT, output

REFERENCE = ROOT / "results" / "reference"


def sweep():
    """variance.csv, throughput.csv, the spec, and what a screen of 100 columns shows."""
    with tempfile.TemporaryDirectory() as folder:
        screen = output("gumbench sweep", folder)
        (run,) = Path(folder, "results").iterdir()
        for name in ("variance.csv", "throughput.csv", "spec.toml"):
            shutil.copyfile(run / name, REFERENCE / name)
    (REFERENCE / "sweep.txt").write_text(f"$ gumbench sweep\n{screen}\n")


def speed():
    """The tables of ratios, with the processor and the versions, and every row (peers.csv)."""
    command = [sys.executable, ROOT / "benchmarks" / "peers.py"]
    done = subprocess.run(command, cwd=REFERENCE, capture_output=True, text=True, check=True)
    (REFERENCE / "speed.md").write_text(done.stdout)


if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for part in sys.argv[1:] or ("sweep", "speed"):
        {"sweep": sweep, "speed": speed}[part]()
