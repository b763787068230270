"""Timing in turns: every piece of work once a round, in random order, for machines drift."""

import gc
import math
import random
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 11
FEWEST_ROUNDS = 3
SECONDS_A_ROUND = 0.016
MARGIN = 1.1
MOST_SECONDS = 6.0
# Threads of a library wait for more work at full speed for some milliseconds.
PAUSE = 0.005


def calibrate(work: Callable, least: int) -> tuple[int, float]:
    """How many units `work(units)` needs to last so long, a multiple of `least`, and a unit's time.

    The first call is not counted: it compiles and touches memory.
    """
    work(least)
    units = least
    while True:
        took = clocked(work, units)
        if took >= SECONDS_A_ROUND:
            wanted = math.ceil(MARGIN * SECONDS_A_ROUND / took * units / least) * least
            return min(units, wanted), took / units
        units *= max(2, min(64, int(MARGIN * SECONDS_A_ROUND / max(took, 1e-7))))


def clocked(work: Callable[..., None], units: int) -> float:
    """Seconds that `work(units)` takes."""
    began = time.perf_counter()
    work(units)
    return time.perf_counter() - began


def rounds_of(seconds: float, works: Any) -> int:
    """How many rounds there are of so many works, where one round of all takes so long."""
    return max(FEWEST_ROUNDS, min(ROUNDS, int(MOST_SECONDS * works / seconds)))


def in_turns(
    works: Any,
    monitor: Callable[[float], None] = lambda fraction: None,
    rounds: int | None = None,
    pause: float = PAUSE,
) -> dict[Any, list[float]]:
    """Seconds per unit of several pieces of work: name -> list, one number a round, paired.

    works : name -> (work, least): `work(units)` for multiples of `least`
    monitor : told how much is done
    rounds : ROUNDS by default; fewer, but at least 3, where one round of all takes long
    pause : seconds before each
    """
    sizes = {name: calibrate(work, least) for name, (work, least) in works.items()}
    a_round = sum(units * unit for units, unit in sizes.values())
    rounds = min(rounds or ROUNDS, rounds_of(a_round, len(works)))
    order, shuffler = list(works), random.Random(0)
    seconds: dict = {name: [] for name in works}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            shuffler.shuffle(order)
            for name in order:
                time.sleep(pause)
                units, _ = sizes[name]
                seconds[name].append(clocked(works[name][0], units) / units)
            monitor((number + 1) / rounds)
    finally:
        if collecting:
            gc.enable()
    return seconds
