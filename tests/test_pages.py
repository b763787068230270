"""The commands and the Python of README and docs run, page by page."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from gumbench.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [page for page in PAGES if page.stem != "glossary"]
PART = re.compile(r"^    (?P<command>gumbench [^\n]+)$|```python\n(?P<code>.*?)```", re.M | re.S)
FAST = ["--estimates", "4096", "--truth-estimates", "1024"]
NEEDS_TORCH = importlib.util.find_spec("torch") is None


def run_command(command, capsys):
    """Run a command with few estimates; something must be printed."""
    words = shlex.split(command)[1:]
    assert main([*words, *(FAST if words[0] == "sweep" else [])]) == 0, command
    assert capsys.readouterr().out


def run_code(code):
    """Write a block that begins with a file's name, and run one that does not."""
    name = re.match(r"# (\S+\.py)\n", code)
    if name:
        Path(name[1]).write_text(code)
    else:
        for file in Path().glob("*.py"):
            sys.modules.pop(file.stem, None)
        exec(compile(code, "page", "exec"), {})


@pytest.mark.timed
@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_page(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("my.toml").write_text('[[grid]]\nproblems = ["bernoulli-toy"]\n')
    if page.stem == "README":
        run_command("gumbench sweep", capsys)
    parts = [m.groupdict() for m in PART.finditer(page.read_text())]
    for part in parts:
        if part["code"]:
            run_code(part["code"])
        elif not (NEEDS_TORCH and "torch" in part["command"]):
            run_command(part["command"], capsys)
    assert sum(part["command"] is not None for part in parts) >= 5


def test_what_python_says_in_the_readme():
    import gumbench

    assert gumbench.exact_gradient("gaussian-kl").gradient.tolist() == [1.0, -1.5]


@pytest.mark.slow
def test_a_type_checker_passes_the_python_of_the_pages(tmp_path):
    for page in PAGES:
        for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.S)):
            name = re.match(r"# (\S+)\.py\n", code)
            file = name[1] if name else f"{page.stem.replace('-', '_')}_{number}"
            (tmp_path / f"{file}.py").write_text(code)
    (tmp_path / "wrong.py").write_text("import gumbench\n\ngumbench.gumbel(3, seed='one')\n")
    command = [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--check-untyped-defs"]
    done = subprocess.run(
        [*command, "."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    (error, last) = done.stdout.splitlines()
    assert error.startswith("wrong.py:3"), done.stdout
    assert last.startswith("Found 1 error in 1 file")
