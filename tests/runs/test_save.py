"""Saving a run, several runs, citations, completion: what a user does beside sweeping."""

import os
import subprocess
import sys

import pytest

import gumbench
from gumbench import registry
from gumbench.cli import main
from gumbench.errors import InputError
from gumbench.report import bibliography

pytestmark = pytest.mark.usefixtures("place")

SPEC = {"problems": ["bernoulli-toy"], "estimators": ["score", "concrete"], "estimates": 640}


def test_a_saved_run_is_the_run():
    run = gumbench.sweep(**SPEC)
    run.save("kept")
    kept = gumbench.load("kept")
    assert kept.variance.equals(run.variance)
    assert kept.spec == run.spec
    swept = gumbench.sweep(**SPEC, output="swept")
    for name in ("variance.csv", "spec.toml"):
        with open(f"kept/{name}") as saved, open(f"swept/{name}") as other:
            assert saved.read() == other.read()
    assert gumbench.sweep(**SPEC, output="kept").variance.equals(swept.variance)


@pytest.mark.parametrize("taken", ["run", "file", "foreign"])
def test_a_place_that_is_taken(taken, tmp_path):
    run = gumbench.sweep(**SPEC)
    if taken == "run":
        run.save("there")
    elif taken == "file":
        (tmp_path / "there").write_text("mine")
    else:
        (tmp_path / "there").mkdir()
        (tmp_path / "there/mine.txt").write_text("mine")
    with pytest.raises(InputError, match="there"):
        run.save("there")


def test_every_paper_has_an_entry():
    entries = bibliography.entries()
    things = [e for n in registry.names("estimators") for e in registry.estimators(n).values()]
    things += map(registry.sampler, registry.names("samplers"))
    assert {key for thing in things for key in thing.papers} == set(entries)
    for key, entry in entries.items():
        assert f"year    = {{{key[-4:]}}}" in entry.replace("year      =", "year    =")
        assert entry.count("{") == entry.count("}")


def test_bibtex(capsys):
    assert main(["explain", "reinforce", "--bibtex"]) == 0
    said = capsys.readouterr().out
    assert "@article{williams1992," in said
    assert "@article{glynn1990," in said


def completions(line):
    """What the shell would offer after a line."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_GUMBENCH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "gumbench"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gumbench expl", "explain"),
        ("gumbench explain conc", "concrete"),
        ("gumbench explain gaussian-k", "gaussian-kl"),
        ("gumbench sweep lec", "lecture"),
        ("gumbench sweep --problems gaussian-kl,word", "gaussian-kl,word-vectors"),
        ("gumbench sweep --estimators score,pathw", "score,pathwise"),
        ("gumbench sweep --dimens", "--dimensions"),
        ("gumbench compare results/a", "results/abc"),
        ("gumbench export results/a", "results/abc"),
    ],
)
def test_completion(line, offered):
    gumbench.sweep(**SPEC, output="results/abc")
    assert offered in completions(line)
