"""Compile what a run calls before it starts, in as many processes as it has threads.

Compiling takes one core, and a first run would wait for it longer than for its numbers. Nothing
depends on it: what is not compiled here is compiled where it is needed.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from gumbench.kernels.compiler.jit import Task

# Without the folder it is started in: in a checkout there is another gumbench.
COMMAND = [sys.executable, "-P", "-c", "from gumbench.runs import precompile; precompile.serve()"]
# Fewer tasks are done before another process has started.
TASKS_A_PROCESS = 5


def compile_all(tasks: Iterable[Task], processes: int, tell: Callable[..., None]) -> None:
    """Run jit.Tasks whose functions are not on disk, here and in other processes.

    tell : told how many of how many are begun
    """
    todo = deque(task for task in dict.fromkeys(tasks) if task.is_missing)
    helpers = min(processes - 1, len(todo) // TASKS_A_PROCESS)
    if helpers < 1:
        return
    total = len(todo)
    threads = [threading.Thread(target=_feed, args=(todo,), daemon=True) for _ in range(helpers)]
    for thread in threads:
        thread.start()
    with contextlib.suppress(IndexError):
        while True:
            todo.popleft().run()
            tell(total - len(todo), total)
    for thread in threads:
        thread.join()


def _feed(todo: deque[Any]) -> None:
    """Give tasks to a process of its own, one after the other; without more it ends."""
    pipe = subprocess.PIPE
    with (
        contextlib.suppress(IndexError, OSError),
        subprocess.Popen(
            COMMAND,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin and process.stdout
        while True:
            process.stdin.write(pickle.dumps(todo.popleft()))
            process.stdin.flush()
            if not process.stdout.read(1):
                return


def serve() -> None:
    """Run tasks from stdin until it ends, and answer each with a byte."""
    with contextlib.suppress(EOFError):
        while True:
            pickle.load(sys.stdin.buffer).run()
            os.write(1, b".")
