"""Runs on the disk: the Results of a folder, and the folders of a place."""

from pathlib import Path

from gumbench.errors import InputError
from gumbench.runs.results import Results
from gumbench.runs.store import SPEC, Folder
from gumbench.spec import schema


def load(path: str | Path) -> Results:
    """The Results of a run folder.

    Parameters
    ----------
    path
        the folder

    Returns
    -------
    Results

    Raises
    ------
    InputError
        Where the folder is no run, or is damaged or of a newer version.
    """
    folder = Folder(path)
    manifest = folder.manifest()
    spec = schema.checked_spec(schema.read_toml(_read(folder / SPEC), SPEC), SPEC)
    records = folder.records()
    cells = [records[key] for key in manifest.cells if key in records]
    return Results(cells, spec, manifest, folder.path)


def newest() -> Path:
    """The folder of the newest run in results/. Raises InputError where there is none."""
    for path in runs_in(Path("results")):
        return path
    raise InputError("there is no run in results/: run `gumbench sweep`, or name a run folder")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InputError(f"cannot read {path}: {reason}") from None


def runs_in(parent: Path) -> list[Path]:
    """Run folders in a folder, the newest first."""
    manifests = parent.glob("*/manifest.json")
    return [p.parent for p in sorted(manifests, key=lambda p: p.stat().st_mtime, reverse=True)]
