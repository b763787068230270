"""What surrounds a run: variables, streams, encodings, widths, pipes, locks, folders and names."""

import errno
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gumbench
from gumbench.cli import main
from gumbench.kernels.compiler import cache

pytestmark = pytest.mark.usefixtures("place")

ROOT = str(Path(gumbench.__file__).parents[1])
SWEEP = "sweep --problems bernoulli-toy --estimators score --estimates 640 --no-throughput"
FILE = """
import gumbench


def value(x):
    return x[:, 0, 0]


toy = gumbench.CategoricalProblem([0.0, 1.0], value, compiled=False)
"""


def command(words, shell="{}", **values):
    """A command in a shell of its own; `{}` stands for it."""
    line = shlex.join([sys.executable, "-m", "gumbench"]) + f" {words}"
    environment = {k: v for k, v in {**os.environ, **values}.items() if v is not None}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell.format(line)}"],
        capture_output=True,
        env={**environment, "PYTHONPATH": ROOT},
        timeout=180,
        check=False,
    )


def well(done, status=0):
    """What was said, of a command that ended as it should, without a traceback."""
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    assert done.returncode == status, err
    for word in ("Traceback", "BrokenPipe", "error in gumbench itself", "Exception ignored"):
        assert word not in err
    return out, err


# Variables


WORKING = [
    {"NUMBA_NUM_THREADS": "64"},
    {"NUMBA_THREADING_LAYER": "workqueue"},
    {"COLUMNS": "many"},
    {"LANG": "C", "LC_ALL": "C"},
    {"HOME": "/no/such/place", "XDG_CACHE_HOME": None},
]
MORE_WORKING = [
    {"NUMBA_NUM_THREADS": "1"},
    {"OMP_NUM_THREADS": "1"},
    {"GUMBENCH_VECTOR_BITS": "128"},
    {"COLUMNS": "0"},
    {"COLUMNS": ""},
    {"TERM": "dumb"},
    {"NUMBA_CACHE_DIR": "/no/such/place"},
    {"HOME": None},
]


@pytest.mark.parametrize(
    "values",
    [*WORKING, *(pytest.param(v, marks=pytest.mark.slow) for v in MORE_WORKING)],
    ids=str,
)
def test_variables_that_work(values):
    out, _ = well(command(f"{SWEEP} --output run", **values))
    assert "Wrote run/ (variance.csv)" in out


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("NUMBA_NUM_THREADS", "0", "give a number of threads from 1"),
        ("NUMBA_NUM_THREADS", "abc", "give a number of threads from 1"),
        ("NUMBA_NUM_THREADS", "-2", "give a number of threads from 1"),
        ("NUMBA_DISABLE_JIT", "1", "unset it"),
        ("NUMBA_THREADING_LAYER", "nonsense", "cannot be used"),
        ("GUMBENCH_VECTOR_BITS", "abc", "give 128, 256 or 512"),
        ("GUMBENCH_VECTOR_BITS", "64", "give 128, 256 or 512"),
        ("GUMBENCH_VECTOR_BITS", "-256", "give 128, 256 or 512"),
    ],
)
def test_variables_that_cannot_work_are_named(name, value, message):
    _, err = well(command(f"{SWEEP} --output run", **{name: value}), status=2)
    assert name in err
    assert message in err


def test_one_thread_where_numba_has_one():
    code = "import gumbench; print(gumbench.gumbel((4, 100), seed=1).sum())"
    code += "\nprint(gumbench.categorical([0.0, 1.0], 1000, seed=1).sum())"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": ROOT, "NUMBA_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert said[0] == said[1]


# No place for compiled code


@pytest.fixture
def no_cache(monkeypatch, tmp_path):
    """Neither the folder asked for nor the temporary one can be used."""
    file = tmp_path / "a file"
    file.write_text("")
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(file / "below"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(file))
    cache._usable.cache_clear()
    yield
    cache._usable.cache_clear()


def test_without_a_place_it_is_compiled_all_the_same_and_said_once(no_cache, capsys):
    assert cache.folder() is None
    assert main(shlex.split(f"{SWEEP} --output run")) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("compiled code cannot be kept") == 1
    assert "Not a directory" in said
    assert "GUMBENCH_CACHE_DIR names another folder" in said
    assert main(["info"]) == 0
    assert "kernel cache  none: " in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["below a file", "not there", "another user's"])
def test_another_place_than_the_one_asked_for_is_said(kind, monkeypatch, tmp_path, capsys):
    place = tmp_path / "place"
    if kind == "below a file":
        (tmp_path / "file").write_text("")
        place = tmp_path / "file" / "place"
    elif kind == "not there":
        place = Path("/proc/nowhere")
    else:
        place.mkdir()
        place.chmod(0o777)
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(place))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    cache._usable.cache_clear()
    assert main(shlex.split(f"{SWEEP} --output run")) == 0
    cache._usable.cache_clear()
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("compiled code is kept in") == 1
    assert kind != "another user's" or not list(place.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["a file", "missing parent", "read only"])
def test_a_folder_that_cannot_be_written_is_not_in_the_way(kind, tmp_path):
    folder = tmp_path / "cache"
    if kind == "a file":
        folder.write_text("")
    elif kind == "read only":
        folder = Path("/proc/cache")
    else:
        folder = tmp_path / "cache" / "x" / "y"
        (tmp_path / "cache").write_text("")
    out, _ = well(command(f"{SWEEP} --output run --quiet", GUMBENCH_CACHE_DIR=str(folder)))
    assert "Wrote run/" in out


def test_a_disk_that_fills_up_costs_the_cache_and_nothing_else(tmp_path, monkeypatch, capsys):
    from gumbench.kernels.compiler import jit, lowering
    from gumbench.problems import bernoulli_sum

    def full(*arguments, cache=False, **options):
        if cache:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    real = jit.numba.njit
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "FAILED", [])
    monkeypatch.setattr(jit.numba, "njit", full)
    jit._build("value", bernoulli_sum.value, "float32", lowering.OPTIONS)
    assert "No space left on device" in cache.unavailable_reason()
    assert cache.folder() is None


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives folders away")
@pytest.mark.parametrize("whose", ["the folder", "its parent"])
def test_a_folder_of_another_user_is_not_trusted(whose, tmp_path, monkeypatch):
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(tmp_path / "theirs"))
    (found := tmp_path / "theirs" / cache._name()).mkdir(parents=True)
    os.chown(found if whose == "the folder" else found.parent, 12345, 12345)
    cache._usable.cache_clear()
    assert not str(cache.folder()).startswith(str(tmp_path))


def test_a_folder_that_anyone_may_write_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("GUMBENCH_CACHE_DIR", str(tmp_path / "open"))
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    cache._usable.cache_clear()
    assert not str(cache.folder()).startswith(str(tmp_path))


@pytest.mark.slow
def test_a_damaged_cache_is_not_in_the_way(tmp_path):
    full = tmp_path / "cache"
    before = well(command(f"{SWEEP} --output before --quiet", GUMBENCH_CACHE_DIR=str(full)))
    assert before[0]
    for damage in ("cut", "emptied", "words"):
        folder = tmp_path / f"{damage}-cache"
        shutil.copytree(full, folder)
        for path in folder.rglob("*.nb?"):
            old = path.read_bytes()
            path.write_bytes({"cut": old[:50], "emptied": b"", "words": b"nonsense" * 9}[damage])
        words = f"{SWEEP} --output {damage} --quiet"
        assert well(command(words, GUMBENCH_CACHE_DIR=str(folder)))[0]
        read = (Path(run, "variance.csv").read_bytes() for run in ("before", damage))
        assert len(set(read)) == 1


# Streams


@pytest.mark.parametrize(
    ("shell", "status"),
    [
        ("{} 2>&-", 0),
        ("{} >&-", 0),
        ("{} <&-", 0),
        ("{} >&- 2>&-", 0),
        ("{} <&- >&- 2>&-", 0),
        ("{} | true", 0),
        ("{} 2>&1 | head -1", 0),
        ("{} >/dev/full", 2),
    ],
)
def test_closed_full_and_broken_streams(shell, status):
    well(command(f"{SWEEP} --output run", shell), status)
    assert gumbench.load("run").variance.status.tolist() == ["done"]
    for path in Path("run").iterdir():
        assert b"gumbench 0" not in path.read_bytes() or path.name == "manifest.json"


READERS = ["true", pytest.param("head -1", marks=pytest.mark.slow), "exec cat >/dev/null"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("sweep --problems gaussian-kl --estimators score --set mu=1e30 --estimates 640", 3),
        ("compare nowhere", 2),
        ("list estimators", 0),
        ("explain concrete", 0),
        (f"{SWEEP} --output run", 0),
    ],
)
def test_the_status_is_not_lost_in_a_pipe(words, status, reader):
    well(command(words, f"{{}} | {reader}"), status)


SLOW = [pytest.param(e, marks=pytest.mark.slow) for e in ("ascii", "cp1252", "ascii:strict")]


@pytest.mark.parametrize("encoding", ["latin-1", *SLOW])
def test_encodings(encoding):
    out, _ = well(command(f"{SWEEP} --output run", PYTHONIOENCODING=encoding))
    assert "bernoulli-toy" in out
    for words in ("explain concrete", "list problems", "compare run", "export run"):
        well(command(words, PYTHONIOENCODING=encoding))


WIDTHS = [*range(1, 12), 20, 37, 59, 60, 61, 79, 80, 99, 100, 101, 160, 250, 400]
NUMBER = re.compile(r"^[\d.,]*\d[\d.,e-]*$")


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept") / "run"
    gumbench.sweep(
        problems=["categorical-quadratic", "gaussian-kl"],
        dimensions=[4],
        temperatures=[0.5, 1.0],
        estimates=6400,
        measurements=["variance"],
        output=folder,
    )
    return folder


def test_numbers_are_whole_at_every_width(swept, monkeypatch, capsys):
    """No line is longer than the width where that can be, and no number is cut."""
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["compare", str(swept)]) == 0
    whole = set(capsys.readouterr().out.split())
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        for words in (["compare", str(swept)], ["diff", str(swept), str(swept)]):
            assert main(words) == 0
            said = capsys.readouterr().out
            assert "…" not in said
            longest = max(map(len, said.splitlines()))
            assert longest <= width or width < 60
        assert main(["compare", str(swept)]) == 0
        found = set(capsys.readouterr().out.split()) - {f"{width}"}
        cut = {w for w in found - whole if NUMBER.match(w.strip("()±≥<–"))}
        assert not {w for w in cut if "." in w}, width


@pytest.mark.parametrize("width", [1, 5, 40, 60, 80, 100, 200])
def test_every_command_at_every_width(width, swept, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    for words in ("list", "list problems", "list estimators", "explain concrete", "info", ""):
        assert main(shlex.split(words)) == 0
    assert main(shlex.split(f"{SWEEP} --output run")) == 0
    assert "Traceback" not in capsys.readouterr().err
