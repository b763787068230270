"""Tables in other formats, through the command."""

import csv
import io
import json
import re

import pytest

import gumbench
from gumbench.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "run"
    gumbench.sweep(
        problems=["bernoulli-toy"],
        estimators=["score", "concrete", "pathwise"],
        temperatures=[0.1, 1.0],
        estimates=5000,
        components=True,
        measurements=["variance"],
        output=path,
    )
    return path


def export(folder, capsys, *options):
    assert main(["export", str(folder), *options]) == 0
    return capsys.readouterr().out


def test_csv_is_the_table_itself(folder, capsys):
    assert export(folder, capsys) == (folder / "variance.csv").read_text()
    components = export(folder, capsys, "--table", "components")
    assert components == (folder / "components.csv").read_text()


def test_columns_and_conditions(folder, capsys):
    text = export(folder, capsys, "--columns", "estimator,variance*", "--where", "temperature>=1")
    (row,) = csv.DictReader(io.StringIO(text))
    assert list(row) == ["estimator", "variance", "variance_low", "variance_high"]
    assert row["estimator"] == "concrete"


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("estimator=con*", 2),
        ("estimator!=con*", 2),
        ("status=skipped", 1),
        ("unbiased=True", 1),
        ("temperature<1", 1),
        ("dimension=1", 4),
    ],
)
def test_conditions(folder, capsys, condition, count):
    assert (
        len(json.loads(export(folder, capsys, "--format", "json", "--where", condition))) == count
    )


def test_json_has_numbers_and_nulls(folder, capsys):
    rows = json.loads(export(folder, capsys, "--format", "json"))
    assert rows[0]["estimator"] == "score"
    assert rows[0]["temperature"] is None
    assert isinstance(rows[0]["variance"], float)


def test_markdown_shows_the_best_temperature(folder, capsys):
    best = export(folder, capsys, "--format", "markdown")
    every = export(folder, capsys, "--format", "markdown", "--every-temperature")
    assert best.count("| concrete |") == 1
    assert every.count("| concrete |") == 2
    assert {line.count("|") for line in best.splitlines()} == {16}


def test_latex_compiles_in_form(folder, capsys):
    text = export(folder, capsys, "--format", "latex", "--where", "status=done")
    assert text.startswith(r"\begin{tabular}{")
    columns = len(re.search(r"\{([lr]+)\}", text)[1])
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.count(" & ") for line in lines} == {columns - 1}
    assert "_" not in text.replace(r"\_", "")


def test_output(folder, capsys, tmp_path):
    assert export(folder, capsys, "--output", str(tmp_path / "table.csv")) == ""
    assert (tmp_path / "table.csv").read_text() == (folder / "variance.csv").read_text()


def test_the_newest_run_is_the_default(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export"]) == 2
    assert "there is no run in results/" in capsys.readouterr().err
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "one").symlink_to(folder)
    assert main(["export"]) == 0
    assert capsys.readouterr().out == (folder / "variance.csv").read_text()


BAD = [
    ("export {run} --table varianc", "did you mean variance"),
    ("export {run} --format tex", "did you mean latex"),
    ("export {run} --columns varianze", "did you mean variance"),
    ("export {run} --columns ,", "--columns is empty"),
    ("export {run} --where variance", "give column=value"),
    ("export {run} --where colour=red", "no column is called 'colour'"),
    ("export {run} --where temperature=hot", "temperature is a number"),
    ("export {run} --where estimator<b", "compare it with = or !="),
    ("export {run} --where estimator=arm", "no row has estimator=arm"),
    ("export {run} --output {run}/no/where/table.csv", "cannot write"),
    ("export nowhere", "is no run folder"),
    ("compare nowhere", "is no run folder"),
    ("compare {run} --cost second", "no cost is called 'second'"),
    ("compare {run} --cost-of-f 2", "give a number with its unit, such as 2ms"),
    ("compare {run} --cost-of-f 2parsec", "give a number with its unit"),
    ("compare {run} --cost-of-f 0ms", "give more than 0"),
    ("compare {run} --gradient-cost many", "give a number"),
    ("compare {run} --gradient-cost -1", "give a number from 0"),
    ("compare {run} --gradient-cost nan", "give a number from 0"),
    ("compare {run} --budget 5ms", "a time needs --cost time, or --cost-of-f"),
    ("compare {run} --budget 64", "such as 64evaluations"),
    ("compare {run} --reference scor", "did you mean score"),
    ("compare {run} --reference rloo", "--reference score-loo is not in the run"),
    ("compare {run} --where status=skipped", "no row has status=skipped"),
    ("compare {run} --fail-above 10%", "--fail-above compares runs: give two"),
    ("compare {run} {run} --fail-above ten", "give a number"),
]


@pytest.mark.parametrize(("command", "message"), BAD)
def test_mistakes(folder, capsys, command, message):
    assert main(command.format(run=folder).split()) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_compare_of_one_run(folder, capsys):
    assert main(["compare", str(folder), "--budget", "64evaluations"]) == 0
    said = capsys.readouterr().out
    assert "Best unbiased: score." in said
    assert "Least error at the budget" in said
    assert max(map(len, said.splitlines())) <= 100
    assert main(["compare", str(folder), "--json", "--cost-of-f", "2ms"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["best"] == "score"
    assert found["candidates"][0]["cost"] == pytest.approx(0.002)
    assert found["cost"] == {"unit": "evaluations", "gradient_cost": 3, "seconds_of_f": 0.002}


def test_compare_says_what_is_always_ahead(capsys, tmp_path):
    """Of one category the gradient is 0, and so is a relaxation's estimate."""
    run = str(tmp_path / "run")
    words = "sweep --problems categorical-linear --dimensions 1 --estimators gumbel-score,concrete"
    words += " --temperatures 1 --estimates 2000 --quiet --output"
    assert main([*words.split(), run]) == 0
    assert main(["compare", run]) == 0
    said = capsys.readouterr().out
    assert "For any number of evaluations a step: concrete (τ = 1)." in said
    assert "always" in said
    assert "inf" not in said


def test_compare_of_two_runs_as_a_gate(folder, capsys, tmp_path):
    assert main(["compare", str(folder), str(folder), "--fail-above", "10%"]) == 0
    assert "cannot be told apart" in " ".join(capsys.readouterr().out.split())
    line = (folder / "cells.jsonl").read_text()
    worse = tmp_path / "worse"
    worse.mkdir()
    for name in ("manifest.json", "spec.toml"):
        (worse / name).write_text((folder / name).read_text())
    grown = [json.loads(text) for text in line.splitlines()]
    for record in grown:
        for part in record["result"].get("parts", {}).values():
            part["batch_variances"] = [1.5 * v for v in part["batch_variances"]]
    (worse / "cells.jsonl").write_text("".join(json.dumps(r) + "\n" for r in grown))
    assert main(["compare", str(folder), str(worse), "--fail-above", "10%"]) == 1
    assert "variance grew by 50 %" in capsys.readouterr().err
