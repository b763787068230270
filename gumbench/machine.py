"""Facts about the machine and the versions a result was made with."""

import ctypes
import functools
import os
import platform
from importlib import metadata
from typing import Any

from gumbench.errors import InputError

MALLOC_TRIM_THRESHOLD, MALLOC_MMAP_THRESHOLD = -1, -3
CORE = ("numba", "llvmlite", "numpy", "scipy", "pandas")


def version(package: str = "gumbench") -> str:
    """Installed version of a package, or "unknown"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def cores() -> int:
    """Number of processors this process may use, at most NUMBA_NUM_THREADS."""
    here = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if here else os.cpu_count() or 1
    limit = os.environ.get("NUMBA_NUM_THREADS") or str(count)
    if not limit.isdecimal() or int(limit) < 1:
        raise InputError(f"NUMBA_NUM_THREADS={limit}: give a number of threads from 1")
    return min(count, int(limit))


def memory() -> int | None:
    """Bytes of memory of this machine, or None where nobody says."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


@functools.cache
def _features() -> dict[str, bool]:
    import llvmlite.binding as llvm

    return dict(llvm.get_host_cpu_features())


@functools.cache
def vector_bits() -> int:
    """Vector width that compiled code asks for: 512, 256 or 128 bits.

    The environment variable GUMBENCH_VECTOR_BITS asks for a narrower one; results do not change.
    """
    features = _features()
    widest = 512 if features.get("avx512f") else 256 if features.get("avx2") else 128
    wanted = os.environ.get("GUMBENCH_VECTOR_BITS") or str(widest)
    if wanted not in ("128", "256", "512"):
        raise InputError(f"GUMBENCH_VECTOR_BITS={wanted}: give 128, 256 or 512")
    return min(widest, int(wanted))


def has_fma() -> bool:
    """Whether the processor fuses multiply and add, on which equal bits across machines rest."""
    return bool(_features().get("fma")) or platform.machine() in ("arm64", "aarch64")


def _c_library(name: str) -> Any:
    """A function of the C library, or None."""
    return getattr(ctypes.CDLL(None), name, None) if os.name == "posix" else None


@functools.cache
def keep_memory() -> None:
    """Have the C library keep freed memory, where it can.

    The arrays of a kernel are freed after every block; given back to the system, they would be new
    pages every time, and that can take longer than the kernel.
    """
    option = _c_library("mallopt")
    if option:
        option(MALLOC_MMAP_THRESHOLD, 1 << 25)
        option(MALLOC_TRIM_THRESHOLD, 1 << 30)


def release_memory() -> None:
    """Give freed memory back to the system, where the C library can."""
    trim = _c_library("malloc_trim")
    if trim:
        trim(0)


def facts() -> dict[str, Any]:
    """What a run's manifest says about where it was made."""
    import llvmlite.binding as llvm

    return {
        "processor": llvm.get_host_cpu_name(),
        "cores": cores(),
        "vector_bits": vector_bits(),
        "fma": has_fma(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {package: version(package) for package in ("gumbench", *CORE)},
    }
