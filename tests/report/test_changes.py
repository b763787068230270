"""Two runs cell by cell, and the gate of a build, shut by every absence, growth and new bias."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import fake_records
import numpy as np
import pytest

import gumbench
from gumbench.cli import main
from gumbench.errors import InputError
from gumbench.report import changes
from gumbench.report.changes import diff
from gumbench.runs import folders
from gumbench.types import Record

GRADIENT = np.array([1.0, 2.0])
NAMES = ("score", "score-loo", "concrete")


def part(variance=1.0, seed=0, **values):
    return fake_records.part(GRADIENT, GRADIENT, variance, np.random.default_rng(seed), **values)


def records(**parts):
    """Three finished cells, some with a part of their own."""
    return [fake_records.record(n, parts.get(n.replace("-", "_"), part()), True) for n in NAMES]


def gate(after, limit=0.1, surely=False, before=None):
    return diff(before or records(), after).failures(limit, surely)


def without(status, name="concrete", message="why"):
    """The cells, of which one has another status."""
    found = records()
    index = NAMES.index(name)
    cell = found[index].cell
    found[index] = Record(name, "variance", cell, status, {"settings": ""}, (), message)
    return found


def renamed(name, **cell):
    found = records()
    renamed_cell = dataclasses.replace(found[2].cell, **{"estimator": name, **cell})
    found[2] = dataclasses.replace(found[2], cell=renamed_cell)
    return found


SHUT = {
    "missing": (records()[:2], "concrete on bernoulli-toy 1 was done before and is not now: it is"),
    "all but one missing": (records()[1:2], "score on bernoulli-toy 1 was done before"),
    "diverged": (
        without("diverged"),
        "concrete on bernoulli-toy 1 was done before and is not now: d",
    ),
    "raised": (without("error", message="ValueError: 3"), "error: ValueError: 3"),
    "skipped": (without("skipped"), "skipped: why"),
    "renamed": (renamed("concrete-2"), "missing; there is concrete-2 on bernoulli-toy 1"),
    "another temperature": (renamed("concrete", temperature=0.5), "there is concrete (τ = 0.5) on"),
    "another setting": (
        renamed("concrete", estimator_settings=(("scale", 2.0),)),
        "there is concrete (scale = 2) on",
    ),
    "another dtype": (renamed("concrete", dtype="float64"), "it is missing"),
    "a grown variance": (records(score=part(1.5)), "score on bernoulli-toy 1, logit: the variance"),
    "barely grown": (records(score=part(1.11)), "the variance grew by 11 %"),
    "from nothing": (records(score=part(1.0)), "the variance grew from 0 to 1"),
    "a new bias": (records(score_loo=part(bias_p=1e-9)), "a bias appeared, p = 1e-9"),
    "a grown and biased one": (records(score=part(2.0, bias_p=0.0)), "a bias appeared, p < 1e-300"),
}


@pytest.mark.parametrize("kind", SHUT)
def test_the_gate_is_shut(kind):
    after, message = SHUT[kind]
    before = records(score=part(0.0)) if kind == "from nothing" else None
    assert any(message in failure for failure in gate(after, before=before))


OPEN = {
    "the same": records(),
    "another seed": [
        dataclasses.replace(r, cell=dataclasses.replace(r.cell, seed=7))
        for r in records(score=part(seed=3))
    ],
    "a little grown": records(score=part(1.09)),
    "less": records(score=part(0.2)),
    "one more": [*records(), fake_records.record("new", part(9.0), True)],
    "a bias that was there": records(score=part(bias_p=1e-9)),
}


@pytest.mark.parametrize("kind", OPEN)
def test_the_gate_is_open(kind):
    before = records(score=part(bias_p=1e-12)) if "bias" in kind else records()
    found = diff(before, OPEN[kind])
    assert found.failures(0.1) == ()
    assert found.sentence(0.1) == (
        "Passed: all 3 rows done before are there, no variance grew by more than 10 %, and no "
        "bias appeared."
    )
    assert found.new == (("new on bernoulli-toy 1",) if kind == "one more" else ())


def test_a_failure_before_is_none_now():
    assert gate(without("error"), before=without("error")) == ()
    assert gate(records(), before=without("diverged")) == ()


def test_surely_asks_for_the_lower_end():
    noisy = [part(1.0, 1, spread=0.8), part(1.3, 2, spread=0.8)]
    before, after = records(score=noisy[0]), records(score=noisy[1])
    assert len(gate(after, before=before)) == 1
    assert gate(after, before=before, surely=True) == ()
    assert len(gate(records(score=part(1.3)), surely=True)) == 1


def test_rounding_that_grew_is_the_same():
    tiny = [records(score=part(v, variance_high=v, rounding=1e-7)) for v in (1e-17, 5e-16)]
    (change, *_) = diff(tiny[0], tiny[1]).changes
    assert change.ratio.value == 1
    assert gate(tiny[1], before=tiny[0]) == ()


def test_a_cell_with_two_parts_is_named_once():
    both = dataclasses.replace(
        records()[0],
        result={**records()[0].result, "part_sizes": {"a": 2, "b": 2}},
        parts={"a": part(), "b": part()},
    )
    found = diff([both, *records()[1:]], records()[1:])
    assert len(found.absent) == 1


def test_runs_without_a_common_cell():
    other = [
        dataclasses.replace(r, cell=dataclasses.replace(r.cell, problem="bernoulli-sum"))
        for r in records()
    ]
    with pytest.raises(InputError, match="no cell in common: the first has score on bernoulli-toy"):
        diff(records(), other)
    failed = [without("error", name)[NAMES.index(name)] for name in NAMES]
    with pytest.raises(InputError, match="the first run has no finished cell"):
        diff(failed, records())


# Through the command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("diff")
    spec = {"problems": ["bernoulli-toy"], "estimators": ["score", "concrete"]}
    spec |= {"temperatures": [0.5, 1.0], "estimates": 6400}
    gumbench.sweep(**spec, output=path / "before")
    gumbench.sweep(**spec, seed=1, output=path / "other")
    lines = (path / "before/cells.jsonl").read_text().splitlines()

    def edited(name, kept):
        (path / name).mkdir()
        for file in ("manifest.json", "spec.toml"):
            (path / name / file).write_text((path / "before" / file).read_text())
        (path / name / "cells.jsonl").write_text("".join(f"{line}\n" for line in kept))

    grown = [json.loads(line) for line in lines]
    for record in grown:
        found = record["parts"]["logit"]
        found |= {"variance": 1.5 * found["variance"], "variance_high": 9.0}
        found["batch_variances"] = [1.5 * v for v in found["batch_variances"]]
    edited("grown", map(json.dumps, grown))
    edited("shorter", lines[:-1])
    return path


def test_the_table_of_two_runs(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["diff", str(folder / "before"), str(folder / "other")]) == 0
    said = capsys.readouterr().out
    rows = [line for line in said.splitlines() if line.startswith("bernoulli-toy")]
    assert len(rows) == 3
    assert all(line.endswith("same") for line in rows)
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize(
    ("after", "status", "message"),
    [
        ("before", 0, ""),
        ("grown", 1, "the variance grew by 50 %"),
        ("shorter", 1, "was done before and is not now: it is missing"),
    ],
)
def test_the_gate_in_text_json_python_and_a_pipe(after, status, message, folder, capsys):
    paths = [str(folder / "before"), str(folder / after)]
    arguments = ["diff", *paths, "--fail-above", "10%"]
    assert main(arguments) == status
    said = capsys.readouterr()
    assert message in " ".join(said.err.split())
    assert ("Passed: all 3 rows" in said.out) == (status == 0)
    assert main([*arguments, "--json"]) == status
    said = capsys.readouterr()
    plain = json.loads(said.out)
    assert plain["passed"] is (status == 0)
    assert message in " ".join(plain["failures"])
    before, changed = map(folders.load, paths)
    assert isinstance(found := changed.diff(before), changes.Diff)
    assert list(found.failures(0.1)) == plain["failures"]
    for reader in ("true", "cat", "exec 0<&-"):
        for json_flag in ("", " --json"):
            command = f"set -o pipefail; {sys.executable} -m gumbench diff {' '.join(paths)}"
            command += f" --fail-above 10%{json_flag} | {reader}"
            done = subprocess.run(
                ["bash", "-c", command],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "PYTHONPATH": str(Path(gumbench.__file__).parents[1])},
            )
            assert done.returncode == status, (reader, done.stderr)
            assert message in " ".join(done.stderr.split())
            assert "Traceback" not in done.stderr
            assert "BrokenPipe" not in done.stderr


def test_json_without_a_gate(folder, capsys):
    assert main(["diff", str(folder / "before"), str(folder / "grown"), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["passed"] is None
    assert plain["failures"] == []
    assert [c["ratio"] for c in plain["changes"]] == pytest.approx([1.5] * 3)


def test_an_unfinished_run_is_said_to_be_one(folder, capsys):
    assert main(["diff", str(folder / "before"), str(folder / "shorter")]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "of the second: The run is unfinished: 2 of 3 cells are done." in said
    assert main(["compare", str(folder / "shorter")]) == 0
    assert "The run is unfinished: 2 of 3 cells are done." in capsys.readouterr().out


@pytest.mark.parametrize(("scale", "said"), [(1.0, False), (1.0005, False), (0.1, True), (2, True)])
def test_another_gradient_is_said(scale, said):
    after = [
        fake_records.record(
            n, fake_records.part(scale * GRADIENT, GRADIENT, 1.0, np.random.default_rng(0)), True
        )
        for n in NAMES
    ]
    found = diff(records(), after)
    assert ("other-gradient" in [note.code for note in found.notes]) == said


def test_the_status_of_a_gate_does_not_depend_on_its_reader(tmp_path):
    for name, estimators in (("a", "score,concrete"), ("b", "score")):
        words = f"sweep --problems bernoulli-toy --estimators {estimators} --estimates 640"
        words += f" --temperatures 1 --no-throughput --quiet --output {tmp_path / name}"
        assert main(words.split()) == 0
    command = [sys.executable, "-m", "gumbench", "diff", "a", "b", "--fail-above", "10%"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        for options, status in ((command, 1), ([*command[:4], "b", "b", *command[6:]], 2)):
            done = subprocess.run(options, cwd=tmp_path, stdout=full, check=False)
            assert done.returncode == status


def test_a_traceback_does_not_change_the_status(tmp_path, capsys):
    assert main(["compare", str(tmp_path), "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err
