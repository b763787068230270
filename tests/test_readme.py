"""The README's commands and Python run."""

import re
import shlex
from pathlib import Path

import pytest

from gumbench.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text()
COMMANDS = re.findall(r"^    (gumbench .+)$", README, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if shlex.split(command)[1] in ("compare", "export"):
        assert main(["sweep", "--estimates", "1024", "--quiet"]) == 0
        capsys.readouterr()
    command = command.replace("BEFORE AFTER", "")
    Path("my.toml").write_text('[[grid]]\nproblems = ["bernoulli-toy"]\n')
    words = shlex.split(command)[1:]
    fast = ["--estimates", "1024", "--truth-estimates", "1024"] if words[0] == "sweep" else []
    assert main([*words, *fast]) == 0
    assert capsys.readouterr().out


def test_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    assert len(names["run"].variance)
    assert names["gumbench"].exact_gradient("gaussian-kl").gradient.tolist() == [1.0, -1.5]


def test_there_are_commands_to_test():
    assert len(COMMANDS) >= 5
