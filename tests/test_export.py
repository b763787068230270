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
    ("compare {run} --budget 64parsecs", "such as 64evaluations"),
    ("compare {run} --where status=skipped", "there is no finished cell to compare"),
]


@pytest.mark.parametrize(("command", "message"), BAD)
def test_mistakes(folder, capsys, command, message):
    assert main(command.format(run=folder).split()) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
