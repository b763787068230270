"""Run folders that are damaged, foreign, held or full: nothing finished is lost, and it is said."""

import errno
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from refusals import ENVIRONMENT, RUN, TOY, contents, in_a_process, refused

from gumbench.cli import main

LIMITED = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (256, 256)); {RUN}"


def edit(name, change):
    def apply(run):
        path = run / name
        path.write_bytes(change(path.read_bytes()))

    return apply


def edit_manifest(**values):
    return edit("manifest.json", lambda old: json.dumps({**json.loads(old), **values}).encode())


def edit_record(**values):
    return edit(
        "cells.jsonl", lambda old: json.dumps({**json.loads(old), **values}).encode() + b"\n"
    )


OTHER_CODE = edit_manifest(digests={"variance bernoulli-toy score": "0" * 16}, cells=["0" * 16])
FOLDERS = [
    (None, "--seed 1", "another seed 0 there, 1 here"),
    (None, "--dtype float64", "another dtype float32 there, float64 here"),
    (None, "--estimates 256 --seed 3", "another estimates 128 there, 256 here, seed 0 there"),
    (None, "--components", "another components False there, True here"),
    (None, "--estimators concrete", "1 of its 1 cells are not asked for here"),
    (OTHER_CODE, "", "was made by other code"),
    (edit("manifest.json", lambda old: old[:-20]), "", "manifest.json is damaged"),
    (edit("manifest.json", lambda old: b"[]"), "", "manifest.json is damaged"),
    (edit("manifest.json", lambda old: b"\xff"), "", "manifest.json is damaged"),
    (edit("manifest.json", lambda old: b'{"schema": 3}'), "", "manifest.json is damaged"),
    (edit_manifest(schema=1), "", "manifest.json: written by gumbench 0.1, whose runs this one"),
    (edit("manifest.json", lambda old: b'{"schema": "x"}'), "", "manifest.json is damaged"),
    (edit("manifest.json", lambda old: b'{"icons": []}'), "--force", "manifest.json is damaged"),
    (edit_manifest(schema=99), "", "newer gumbench (schema 99"),
    (edit_manifest(cells=5), "", "manifest.json is damaged"),
    (edit("cells.jsonl", lambda old: b"{nonsense\n" + old), "", "line 1 is damaged: delete"),
    (edit("cells.jsonl", lambda old: old + b"[]\n"), "", "line 2 is damaged"),
    (edit("cells.jsonl", lambda old: old + b"\xff\xfe\n"), "", "line 2 is damaged"),
    (edit("cells.jsonl", lambda old: old + b'{"key": 1}\n'), "", "line 2 is damaged"),
]
FOREIGN = b'{"event": "click", "time": 3}\n{"event": "scroll", "time": 4}\n'
UNREADABLE = [
    *((damage, message) for damage, flags, message in FOLDERS if damage and message[0] in "mnl"),
    (edit_manifest(spec={}), "manifest.json is damaged"),
    (edit_manifest(spec={"grid": [{"problems": 5}]}), "manifest.json is damaged"),
    (edit_manifest(cells=[[1]]), "manifest.json is damaged"),
    (edit_manifest(seed=None), "manifest.json is damaged"),
    (edit_manifest(machine="x"), "manifest.json is damaged"),
    (edit_manifest(schema=float("inf")), "manifest.json is damaged"),
    (edit("manifest.json", lambda old: b"[" * 99999), "manifest.json is damaged"),
    (edit("manifest.json", lambda old: b""), "manifest.json is damaged"),
    (lambda run: (run / "manifest.json").unlink(), "run is no run folder"),
    (edit("cells.jsonl", lambda old: FOREIGN), "line 1 is damaged"),
    (edit("cells.jsonl", lambda old: old + FOREIGN), "line 2 is damaged"),
    (edit_record(cell={}), "line 1 is damaged"),
    (edit_record(cell=3), "line 1 is damaged"),
    (edit_record(result=[]), "line 1 is damaged"),
    (edit_record(notes=[3]), "line 1 is damaged"),
    (edit("spec.toml", lambda old: b"x = ["), "spec.toml is not valid TOML"),
    (edit("spec.toml", lambda old: b"\xff"), "cannot read run/spec.toml: not text"),
    (edit("spec.toml", lambda old: b"estimats = 3\n" + old), "did you mean estimates"),
    (lambda run: (run / "spec.toml").unlink(), "cannot read run/spec.toml: No such file"),
]


@pytest.mark.parametrize("damage, flags, message", FOLDERS)
def test_folder_with_a_run(damage, flags, message, run, capsys):
    if damage:
        damage(run)
    before = contents(run)
    refused(capsys, f"{TOY} --output run {flags}", message)
    assert contents(run) == before


@pytest.mark.parametrize("command", ["export run", "compare run", "diff {finished} run"])
@pytest.mark.parametrize("damage, message", UNREADABLE)
def test_reading_a_damaged_run(damage, message, command, run, finished, capsys):
    damage(run)
    before = contents(run)
    refused(capsys, command.format(finished=finished), message)
    assert contents(run) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize("command", ["export run", "compare run", "export run --output locked/x"])
def test_no_permission(command, run, place, capsys):
    (place / "locked").mkdir(mode=0o500)
    (run / "manifest.json").chmod(0o000 if "locked" not in command else 0o600)
    refused(capsys, command, "Permission denied")


@pytest.fixture
def beside(run):
    """Damaged and foreign folders beside the run in results/, all of them newer."""
    shutil.move(run, "results/run")
    for name, text in (("app", '{"name": "x", "icons": []}'), ("torn", '{"schema": 1, "sp')):
        Path("results", name).mkdir()
        Path("results", name, "manifest.json").write_text(text)


def test_runs_beside_damaged_ones_are_listed(beside, capsys):
    assert main(["list", "runs"]) == 0
    said = capsys.readouterr()
    assert "results/run" in said.out
    for name in ("app", "torn"):
        assert f"note: results/{name}/manifest.json is damaged" in said.err


def test_damaged_runs_are_not_in_the_way_of_others(beside):
    assert main([*shlex.split(TOY), "--output", "results/new", "--quiet"]) == 0
    assert main([*shlex.split(TOY), "--output", "results/run", "--quiet"]) == 0


def test_the_newest_run_is_damaged(beside, capsys):
    for command in ("compare", "export"):
        refused(capsys, command, "manifest.json is damaged")


@pytest.mark.parametrize(
    "damage",
    [
        edit("cells.jsonl", lambda old: old + b'{"key": "torn'),
        edit("cells.jsonl", lambda old: old[:-30]),
        edit("cells.jsonl", lambda old: b""),
        edit("variance.csv", lambda old: b"edited by hand"),
        edit("spec.toml", lambda old: b"edited by hand"),
    ],
    ids=["torn", "cut", "empty", "table", "spec"],
)
def test_damage_that_heals(damage, run, finished):
    damage(run)
    assert main([*shlex.split(TOY), "--output", "run"]) == 0
    for name in ("variance.csv", "spec.toml"):
        assert (run / name).read_bytes() == (finished / name).read_bytes()
    (line,) = (run / "cells.jsonl").read_text().splitlines()
    assert json.loads(line)["status"] == "done"


def test_force_needs_no_journal(run, finished):
    (run / "cells.jsonl").write_text("{nonsense\n")
    assert main([*shlex.split(TOY), "--output", "run", "--force"]) == 0
    assert (run / "variance.csv").read_bytes() == (finished / "variance.csv").read_bytes()


def test_output_is_a_file(place, capsys):
    Path("run").write_text("mine")
    refused(capsys, f"{TOY} --output run", "run is a file")
    refused(capsys, f"{TOY} --output run/below", "run is a file")
    assert contents(place) == {str(place / "run"): b"mine"}


@pytest.mark.parametrize("force", ["", "--force"])
def test_output_holds_foreign_files(force, place, capsys):
    Path("run").mkdir()
    Path("run/thesis.tex").write_text("mine")
    refused(capsys, f"{TOY} --output run {force}", "run holds thesis.tex and no run")
    assert contents(place) == {str(place / "run/thesis.tex"): b"mine"}


def test_output_is_a_loop(place, capsys):
    Path("run").symlink_to("run")
    refused(capsys, f"{TOY} --output run", "run")
    assert [p.name for p in place.iterdir()] == ["run"]


def test_output_is_held_by_another_process(run, capsys):
    hold = "import sys; from gumbench.runs.store import Folder\nwith Folder('run').locked():"
    hold += " print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        before = contents(run)
        refused(capsys, f"{TOY} --output run", f"run is in use by process {holder.pid}")
        assert contents(run) == before
        holder.stdin.close()
    assert main([*shlex.split(TOY), "--output", "run"]) == 0


@pytest.mark.parametrize("successes", range(6))
def test_full_disk(successes, place, monkeypatch, capsys):
    """Whichever write fails, it is said, and the same command goes on later."""
    real, calls = os.fsync, []

    def fsync(file):
        calls.append(file)
        if len(calls) > successes:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file)

    with monkeypatch.context() as patch:
        patch.setattr("gumbench.runs.store.os.fsync", fsync)
        status = main([*shlex.split(TOY), "--output", "run", "--quiet"])
    if len(calls) <= successes:
        assert status == 0
        return
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert "the disk is full" in said.err
    assert not list(place.rglob("*.part"))
    assert main([*shlex.split(TOY), "--output", "run"]) == 0


def test_limit_on_the_size_of_files(finished, place):
    said = in_a_process([*shlex.split(TOY), "--output", "run"], LIMITED)
    assert said.returncode == 2
    assert "cannot write run/manifest.json: File too large" in said.stderr
    assert "Traceback" not in said.stderr
    assert not (place / "run/manifest.json").exists()
