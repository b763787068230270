"""What a run tells while it works, and a monitor that says nothing."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from gumbench.diagnostics import Note
from gumbench.runs.plan import Plan
from gumbench.types import Cell, Record


class Monitor(Protocol):
    """What a run tells while it works."""

    def plan(self, plan: Plan) -> None:
        """Told before the first pass."""

    def compiling(self, begun: int, total: int) -> None:
        """Told while functions are compiled for a first run."""

    def forecast(self, find: Callable[[], Any]) -> None:
        """Told how to find out how long it will take (see `forecasts`), before the first pass."""

    def note(self, note: Note) -> None:
        """Told what a user should know."""

    def stage(self, words: str) -> None:
        """Told what is done beside making estimates; nothing for estimates."""

    def start(self, number: int, cells: Sequence[Cell]) -> None:
        """Told before each pass, with its number."""

    def progress(self, fraction: float) -> None:
        """Told how much of the pass is done."""

    def finish(self, records: Iterable[Record]) -> None:
        """Told after each pass."""


class Silent:
    """A Monitor that says nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *told: None
