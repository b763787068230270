"""How many threads compiled code may use."""

from contextlib import contextmanager

import numba

from gumbench.errors import InputError


def check():
    """Refuse a threading layer that Numba cannot load. Raises InputError."""
    try:
        numba.np.ufunc.parallel._launch_threads()
    except ValueError as error:
        said = str(error).strip().split("\n")[0]
        raise InputError(
            f"NUMBA_THREADING_LAYER={numba.config.THREADING_LAYER} cannot be used: {said} Unset it"
        ) from None


@contextmanager
def limited(count=None):
    """Use so many threads inside a with block, all there are for None."""
    check()
    before = numba.get_num_threads()
    numba.set_num_threads(count or before)
    try:
        yield
    finally:
        numba.set_num_threads(before)
