"""The run folder: manifest, spec, journal, checkpoint, tables, and the lock that holds it."""

import contextlib
import dataclasses
import errno
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
from filelock import FileLock, Timeout

from gumbench.diagnostics import Note
from gumbench.errors import BusyError, InputError
from gumbench.types import Record

SCHEMA = 3
MANIFEST, SPEC, JOURNAL = "manifest.json", "spec.toml", "cells.jsonl"
CHECKPOINT, LOCK = "checkpoint.npz", ".lock"


def sync_folder(path: Path) -> None:
    """Wait until a folder's list of files is on the disk, where a system can."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by one with this text, whole or not at all, also if the power fails."""
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> InputError:
    what = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
    return InputError(f"cannot write {path}: {what}; give another folder with --output")


@dataclass(frozen=True)
class Manifest:
    """What a run folder says of its run, in manifest.json.

    spec : the SweepSpec, what decides results alone; seed : its seed
    machine : of machine.facts; digests : of code and data, by measurement, problem and estimator
    cells : keys, in the order of the grid; sha256 : of the reproducible columns of each table
    """

    spec: dict[str, Any]
    seed: int
    digests: dict[str, str]
    cells: list[str]
    machine: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)

    def subjects(self) -> list[str]:
        """Names of the problems, samplers or jobs of the grids."""
        grids = self.spec["grid"]
        named = [g.get("problems") or g.get("samplers") or g["jobs"] for g in grids]
        return list(dict.fromkeys(name for names in named for name in names))


MANIFESTS, RECORDS = pydantic.TypeAdapter(Manifest), pydantic.TypeAdapter(Record)


def _checked_manifest(data: Any) -> Manifest:
    """The Manifest of plain data; raises ValueError, KeyError or TypeError for what is none."""
    manifest = MANIFESTS.validate_python(data)
    if not all(isinstance(name, str) for name in manifest.subjects()):
        raise TypeError("problems")
    return manifest


class Folder:
    """A run folder at a path; nothing is touched before `locked`."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def exists(self) -> bool:
        """Whether there is a run here."""
        return (self / MANIFEST).is_file()

    def check_free(self) -> None:
        """Refuse a path that holds something else than a run."""
        try:
            self.path.exists()
        except (OSError, ValueError) as error:
            raise InputError(f"--output {self.path}: {error}; give another folder") from None
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file: give a folder with --output")
        if not self.exists and self.path.is_dir() and any(self.path.iterdir()):
            ours = (LOCK, f".{MANIFEST}.part")
            foreign = sorted(p.name for p in self.path.iterdir() if p.name not in ours)
            if foreign:
                raise InputError(
                    f"{self.path} holds {foreign[0]} and no run: give an empty or new folder"
                )

    def check_writable(self) -> None:
        """Find out, without leaving anything behind, whether the folder can be made and written."""
        place = self.path
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            raise InputError(f"{place} is a file: give a folder with --output")
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError(f"{place} is not writable: give another folder with --output")

    @contextlib.contextmanager
    def locked(self, tell: Callable[[Note], None] = lambda note: None) -> Iterator[None]:
        """Hold the folder for this process; it is let go when the process ends in any way.

        tell : told a Note where the file system knows no locks, and the folder is not held
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            sync_folder(self.path.parent)
            (self / LOCK).touch()
        except OSError as error:
            raise _cannot_write(self.path, error) from None
        lock = FileLock(self / LOCK, timeout=0, thread_local=False, fallback_to_soft=False)
        try:
            lock.acquire()
        except Timeout:
            raise BusyError(
                f"{self.path} is in use by {self._holder()}: wait for it, stop it, or give "
                "another folder with --output"
            ) from None
        except OSError as error:
            reason = error.strerror or str(error)
            text = f"{self.path} cannot be locked ({reason}), so nothing keeps another run out"
            tell(Note("no-lock", text, "do not start a second one there"))
        try:
            holder = f"process {os.getpid()} on {socket.gethostname()}\n"
            (self / LOCK).write_text(holder, encoding="utf-8")
            yield
        finally:
            lock.release()

    def _holder(self) -> str:
        with contextlib.suppress(OSError):
            return (self / LOCK).read_text(encoding="utf-8").strip() or "another process"
        return "another process"

    def manifest(self) -> Manifest:
        """The Manifest. Raises InputError where it is missing, damaged or of a newer version."""
        path = self / MANIFEST
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            schema = int(data["schema"])
            if schema == SCHEMA:
                return _checked_manifest(data)
        except FileNotFoundError:
            raise InputError(f"{self.path} is no run folder: it has no {MANIFEST}") from None
        except NotADirectoryError:
            raise InputError(f"{self.path} is no run folder: it is a file") from None
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise InputError(f"{path} is damaged: restore it or run into a new folder") from None
        if schema < SCHEMA:
            raise InputError(
                f"{path}: written by gumbench 0.1, whose runs this one does not read: sweep again "
                "into a new folder"
            )
        raise InputError(
            f"{self.path} was written by a newer gumbench (schema {schema}, this one reads "
            f"{SCHEMA}): update gumbench"
        )

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest."""
        data = {"schema": SCHEMA, **dataclasses.asdict(manifest)}
        write_atomically(self / MANIFEST, json.dumps(data, indent=1) + "\n")

    def write_spec(self, text: str) -> None:
        """Replace the spec by this TOML."""
        write_atomically(self / SPEC, text)

    def records(self) -> dict[str, Record]:
        """Finished cells by key, the last line of a key winning; a torn last line is left out."""
        path = self / JOURNAL
        if not path.exists():
            return {}
        lines = path.read_bytes().split(b"\n")
        by_key = {}
        for number, line in enumerate(lines[:-1], 1):
            try:
                record = RECORDS.validate_json(line)
                by_key[record.key] = record
            except (ValueError, RecursionError):
                raise InputError(
                    f"{path}, line {number} is damaged: delete that line to compute its cell again"
                ) from None
        return by_key

    def open_journal(self) -> Any:
        """The journal, ready for `append`; a torn last line is cut off."""
        try:
            file = open(self / JOURNAL, "ab+")  # noqa: SIM115
            file.seek(0)
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
            sync_folder(self.path)
        except OSError as error:
            raise _cannot_write(self / JOURNAL, error) from None
        return file

    def append(self, journal: Any, record: Record) -> None:
        """Add a record and wait until it is on the disk."""
        line = json.dumps(dataclasses.asdict(record), allow_nan=False) + "\n"
        try:
            journal.write(line.encode())
            journal.flush()
            os.fsync(journal.fileno())
        except OSError as error:
            raise _cannot_write(self / JOURNAL, error) from None

    def save_checkpoint(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the checkpoint by these arrays of the pass `name`."""
        part = self / f".{CHECKPOINT}.part"
        try:
            with open(part, "wb") as file:
                named: Any = {"name": np.array(name), **arrays}
                np.savez(file, **named)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self / CHECKPOINT)
            sync_folder(self.path)
        except OSError as error:
            raise _cannot_write(self / CHECKPOINT, error) from None

    def load_checkpoint(self, name: str) -> dict[str, np.ndarray] | None:
        """The arrays saved for the pass `name`, or None."""
        try:
            with np.load(self / CHECKPOINT) as saved:
                arrays = {key: saved[key] for key in saved.files}
        except (OSError, ValueError, EOFError, KeyError):
            return None
        return arrays if str(arrays.pop("name", "")) == name else None

    def clear(self) -> None:
        """Remove the journal and the tables of the run that was here."""
        for path in (self / JOURNAL, *self.path.glob("*.csv")):
            path.unlink(missing_ok=True)

    def drop_checkpoint(self) -> None:
        """Remove the checkpoint, if there is one."""
        (self / CHECKPOINT).unlink(missing_ok=True)
