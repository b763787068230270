"""Write the output of commands into README.md and docs/.

A block reaches from `<!-- output: COMMAND -->` or `<!-- file: PATH -->` to `<!-- end -->`. The
commands that a page shows before a block of output are run before it, all in one empty folder for
each page; files are those of results/reference/ (see reference.py).

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
BLOCK = re.compile(r"(<!-- (output|file): (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
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


def shown(kind, what, before, folder):
    """The inside of a block."""
    if kind == "file":
        text = (ROOT / what).read_text()
        return f"```\n{text}```\n" if what.endswith(".txt") else text
    for command in COMMAND.findall(before):
        output(command, folder)
    return f"```\n$ {what}\n{output(what, folder)}\n```\n"


def written(text, folder):
    """A page with what its commands print."""
    done, parts = 0, []
    for block in BLOCK.finditer(text):
        before = text[done : block.start()]
        parts += [before, block[1], shown(block[2], block[3], before, folder), block[4]]
        done = block.end()
    return "".join([*parts, text[done:]])


if __name__ == "__main__":
    pages = sys.argv[1:] or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in map(Path, pages):
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(written(page.read_text(), folder))
