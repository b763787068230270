"""Write the output of commands into README.md, from `<!-- output: COMMAND -->` to `<!-- end -->`.

python benchmarks/readme.py
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- output: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def output(command):
    """What a command prints at 100 columns, run in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
        done = subprocess.run(
            command.split(), cwd=folder, env=environment, capture_output=True, text=True, check=True
        )
    return "\n".join(line.rstrip() for line in done.stdout.strip().split("\n"))


if __name__ == "__main__":
    text = README.read_text()
    text = BLOCK.sub(lambda m: f"{m[1]}```\n$ {m[2]}\n{output(m[2])}\n```\n{m[3]}", text)
    README.write_text(text)
