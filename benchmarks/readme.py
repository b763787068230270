"""Write the output of commands into README.md and docs/.

A block reaches from `<!-- output: COMMAND -->` to `<!-- end -->`. The commands that a page shows
before a block are run before it, all in one empty folder for each page.

python benchmarks/readme.py [PAGE ...]
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- output: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
COMMAND = re.compile(r"^    (gumbench .+)$", re.MULTILINE)


def output(command, folder):
    """What a command prints at 100 columns."""
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    done = subprocess.run(
        shlex.split(command),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip().split("\n"))


def written(text, folder):
    """A page with what its commands print."""
    done, parts = 0, []
    for block in BLOCK.finditer(text):
        before = text[done : block.start()]
        for command in COMMAND.findall(before):
            output(command, folder)
        shown = f"{block[1]}```\n$ {block[2]}\n{output(block[2], folder)}\n```\n{block[3]}"
        parts += [before, shown]
        done = block.end()
    return "".join([*parts, text[done:]])


if __name__ == "__main__":
    pages = sys.argv[1:] or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in map(Path, pages):
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(written(page.read_text(), folder))
