"""A sampler of categories."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sampler:
    """What a sampler's file declares, and its two functions (see kernels.loops.sampling).

    Attributes
    ----------
    kernel
        draws from rows of logits
    prepare
        fills the table that depends on a row of logits alone
    table_size, scratch_size
        numbers in that table, and what preparing needs besides, as functions of the categories
    resolution
        bits of randomness a draw has; an event rarer than 2^-resolution may never happen
    formula
        shown by `explain`; papers : keys of data/papers.bib
    makes_noise
        for every category of every draw; many draws of one row are then as dear as of many rows
    flaw
        where the law is not the one wanted; shown there and below tables
    """

    kernel: Callable[..., None]
    formula: str
    resolution: int
    makes_noise: bool = False
    flaw: str = ""
    prepare: Callable[..., Any] | None = None
    table_size: Callable[[int], int] = lambda categories: 0
    scratch_size: Callable[[int], int] = lambda categories: 0
    papers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    name: str = ""
    summary: str = ""
