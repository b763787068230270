"""Spec files that are damaged or ask for what there is not: a row is a file and what is said."""

from pathlib import Path

import pytest
from refusals import refused

from gumbench.cli import main

GRID = '[[grid]]\nproblems = ["bernoulli-toy"]\n'
TOML = [
    ("", "", "grid is empty"),
    ("[[grid]\n", "", "is not valid TOML"),
    ("estimates = 1000\nestimates = 1000\n", "", "is not valid TOML"),
    (f"estimats = 1000\n{GRID}", "", "did you mean estimates"),
    (f"{GRID}dimensons = [1]\n", "", "did you mean dimensions"),
    (f"{GRID}estimates = 1000\n", "", "estimates belongs above the first [[grid]] line"),
    ('problems = ["bernoulli-toy"]\n', "", "problems belongs below a [[grid]] line"),
    ("grid = 5\n", "", "grid: give a list; given 5"),
    ("grid = 5\n", "--dimensions 1", "grid: give a list; given 5"),
    ("grid = [1]\n", "", "grid: give [[grid]] tables; given 1"),
    ("grid = []\n", "", "grid is empty"),
    ('[grid]\nproblems = ["bernoulli-toy"]\n', "", "grid: give a list"),
    ("[[grid]]\ndimensions = [1]\n", "", "problems is missing"),
    ("[[grid]]\nproblems = []\n", "", "problems is empty"),
    ('[[grid]]\nproblems = "bernoulli-toy"\n', "", "problems: give a list"),
    ("[[grid]]\nproblems = [3]\n", "", "problems: input should be a valid string; given 3"),
    ('[[grid]]\nproblems = ["bernouli-toy"]\n', "", "did you mean bernoulli-toy"),
    ("[[grid]]\nproblems = ['bernoulli-toy']\ndimensions = [2]\n", "", "does not allow D = 2"),
    (f"{GRID}dimensions = []\n", "", "dimensions is empty"),
    (f"{GRID}dimensions = [1.5]\n", "", "given 1.5"),
    (f"{GRID}estimators = []\n", "", "estimators is empty"),
    (f"{GRID}estimators = ['renforce']\n", "", "did you mean score"),
    (f"{GRID}temperatures = [nan]\n", "", "temperatures: "),
    (f"{GRID}temperatures = ['hot']\n", "", "--temperatures: 'hot' is not a number"),
    (f"{GRID}temperatures = '0.1:1'\n", "", "ranges read START:END:COUNTlog or lin"),
    (f"{GRID}temperatures = ['0.1:1:3']\n", "", "has two readings"),
    (f"{GRID}dimensions = 'many'\n", "", "--dimensions: 'many' is not a number"),
    (f"{GRID}dimensions = '1.5'\n", "", "1.5 is not a whole number"),
    (f"{GRID}inner_samples = [0]\n", "", "inner_samples: give 1 or more"),
    (f"{GRID}settings = 3\n", "", "settings: give a table"),
    (f"{GRID}settings = 3\n", "--set t=1", "settings: give a table"),
    (f"{GRID}settings = {{t = 3}}\n", "", "settings: give a list"),
    (f"{GRID}settings = {{t = []}}\n", "", "settings is empty"),
    (f"{GRID}settings = {{t = [[3]]}}\n", "", "given [3]"),
    (f"{GRID}settings = {{t = [nan]}}\n", "", "t=nan: give a number"),
    (f"{GRID}settings = {{x = [1]}}\n", "", "no setting is called 'x'"),
    (f"estimates = nan\n{GRID}", "", "estimates: input should be a finite number"),
    (f"estimates = true\n{GRID}", "", "given true"),
    (f"estimates = [1000]\n{GRID}", "", "given [1000]"),
    (f"seed = 2020-01-01\n{GRID}", "", 'given "2020-01-01"'),
    (f"seed = -1\n{GRID}", "", "seed: give 0 or more"),
    (f"dtype = 32\n{GRID}", "", "'float32' or 'float64'; given 32"),
    (f"threads = 0\n{GRID}", "", "threads: give 1 or more"),
    (f"components = 'some'\n{GRID}", "", 'given "some"'),
    (f"measurements = []\n{GRID}", "", "measurements is empty"),
    (f"measurements = ['bias']\n{GRID}", "", "no measurement is called 'bias'"),
]


@pytest.mark.parametrize("text, flags, message", TOML)
def test_file(text, flags, message, place, capsys):
    Path("spec.toml").write_text(text)
    refused(capsys, f"sweep spec.toml {flags}", message)
    assert [p.name for p in place.iterdir()] == ["spec.toml"]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"\x00", b"grid = '\x80'"])
def test_binary_file(content, place, capsys):
    Path("spec.toml").write_bytes(content)
    refused(capsys, "sweep spec.toml", "spec.toml")


def test_folder_for_a_file(place, capsys):
    Path("spec.toml").mkdir()
    refused(capsys, "sweep spec.toml", "cannot read spec.toml: Is a directory")


@pytest.mark.parametrize(
    "text, note",
    [
        (f"{GRID}dimensions = [1, 2]\n", "bernoulli-toy does not allow D = 2"),
        (
            f"{GRID}inner_samples = [1]\n",
            "score-loo on bernoulli-toy needs at least 2 inner samples",
        ),
    ],
)
def test_what_a_file_asks_in_vain_is_a_note(text, note, place, capsys):
    Path("spec.toml").write_text(text)
    assert main(["sweep", "spec.toml", "--dry-run"]) == 0
    assert f"note: {note}" in capsys.readouterr().err
